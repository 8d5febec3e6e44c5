import type { Made } from '@/generator/maker';
import type { Item } from '@/generator/decode';

import { feedbackOf, happened, learnRows, originsOf, sessionOf, slotsOf, withPain } from './after';
import { begin, finish, hurts, rate, resume, skip, swap, tick, type Play, type Planned } from './play';
import { PLANNED_PACE } from './timeline';

const AT = '2026-01-09T18:30:00.000Z';

function item(slug: string, phase = 'raise', propensity = 1): Item {
  return {
    slug, phase, position: 'standing', sets: 1, work_s_per_side: 20, sides: 1, reps: null, rest_s: 0, transition_s: 5,
    reason: 'Because.', rules: [], propensity, score: 0, parts: {},
  };
}

function made(...items: Item[]): Made {
  return {
    routine: {
      status: 'ok', warnings: [], budget_s: 300, total_s: 75, model: 'sha256:ab', catalog: 7, seed: 1, items, missing: {},
      left_out: [],
    },
    payload: { request: { kind: 'warmup', activity: 'run_distance', budget_s: 300 }, seed: 1, explore: true },
    model: 'ab', catalog: 7, instead: {},
  };
}

const MADE = made(item('march'), item('calf', 'mobilise', 0.2), item('neck', 'mobilise'));
const played = (items: readonly Planned[], from: Made = MADE): Play => {
  const origins = originsOf(items, from.routine.items);
  return begin('0190', AT, items.map((one, place) => ({ ...one, origin: origins[place]! })), PLANNED_PACE);
};
const whole = (play: Play): Play => tick(play, 10_000_000, AT);
const outcomes = (play: Play, from: Made = MADE): string[] => slotsOf(play, from).map((slot) => slot.outcome);

test('a routine that was done gives the session that docs/data.md describes', () => {
  const done = rate(whole(played(MADE.routine.items)), 1, 1);
  expect(sessionOf(done, MADE, 3, null)).toEqual({
    id: '0190', at: AT, model: 'ab', catalog: 7, payload: MADE.payload, rpe: 3, completed_s: 75,
    slots: [
      { slug: 'march', place: 0, propensity: 1, explored: false, outcome: 'completed', rating: null, pain: 0 },
      { slug: 'calf', place: 1, propensity: 0.2, explored: true, outcome: 'completed', rating: 1, pain: 0 },
      { slug: 'neck', place: 2, propensity: 1, explored: false, outcome: 'completed', rating: null, pain: 0 },
    ],
  });
  expect(sessionOf(done, MADE, null, 'kept')).toMatchObject({ rpe: null, routine: 'kept' });
});

test('a session that ended early ends early in its record too', () => {
  expect(outcomes(finish(tick(played(MADE.routine.items), 26_000, AT), AT))).toEqual(['completed']);
});

test('what was moved behind the end stays at the generator\'s place', () => {
  const [march, calf, neck] = MADE.routine.items;
  const play = finish(tick(played([march!, neck!, calf!]), 52_000, AT), AT);
  expect(slotsOf(play, MADE).map(({ slug, outcome }) => [slug, outcome])).toEqual([
    ['march', 'completed'], ['calf', 'skipped'], ['neck', 'completed'],
  ]);
});

test('an item that was exchanged before it began is swapped, one that was removed is skipped', () => {
  const [march, , neck] = MADE.routine.items;
  expect(outcomes(whole(played([march!, { ...item('hip', 'mobilise'), insteadOf: 'calf' }, neck!])))).toEqual(['completed', 'swapped', 'completed']);
  expect(outcomes(whole(played([march!, neck!])))).toEqual(['completed', 'skipped', 'completed']);
});

test('an item that was exchanged while it was played is swapped, and what came instead is learnt from', () => {
  const play = whole(swap(tick(played(MADE.routine.items), 30_000, AT), 1, item('hip', 'mobilise')));
  expect(outcomes(play)).toEqual(['completed', 'swapped', 'completed']);
  expect(learnRows(play)).toEqual([
    { slug: 'march', outcome: 'completed', rating: null, pain: 0 },
    { slug: 'calf', outcome: 'swapped', rating: null, pain: 0 },
    { slug: 'hip', outcome: 'completed', rating: null, pain: 0 },
    { slug: 'neck', outcome: 'completed', rating: null, pain: 0 },
  ]);
});

test('pain is in the slot, in the feedback and in the profile, and what it left out is no dislike', () => {
  const hurt = hurts(tick(played(MADE.routine.items), 10_000, AT), { region: 'ankle', level: 5 }, (slug) => slug === 'calf');
  const play = whole(resume(hurt, AT));
  expect(slotsOf(play, MADE).map(({ outcome, pain }) => [outcome, pain])).toEqual([
    ['stopped_by_pain', 5], ['skipped', 0], ['completed', 0],
  ]);
  expect(learnRows(play).map(({ slug }) => slug)).toEqual(['march', 'neck']);
  expect(feedbackOf(play, 2, AT)).toEqual([
    { at: AT, about: 'session', session: '0190', rpe: 2 },
    { at: AT, about: 'exercise', session: '0190', slug: 'march', rating: null, pain: 5, regions: ['ankle'] },
  ]);
  expect(withPain({ knee: { level: 2, at: 'before' } }, 'ankle', 5, AT)).toEqual({
    knee: { level: 2, at: 'before' }, ankle: { level: 5, at: AT },
  });
});

test('nothing happened until something was worked, or hurt', () => {
  const play = played(MADE.routine.items);
  expect(happened(finish(tick(play, 4000, AT), AT))).toBe(false);
  expect(happened(finish(tick(play, 6000, AT), AT))).toBe(true);
  expect(happened(finish(hurts(play, { region: null, level: 2 }, () => false), AT))).toBe(true);
});

test('skipping everything still says what was shown', () => {
  const play = [0, 1, 2].reduce((now) => skip(now, AT), played(MADE.routine.items));
  expect(outcomes(play)).toEqual(['skipped', 'skipped', 'skipped']);
});
