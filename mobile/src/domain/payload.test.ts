import { parse } from '@/generator/request';
import type { Rec } from '@/store/types';

import { catalog } from '../../test/maker';
import { firstAsk } from './ask';
import { payloadOf, type Person } from './payload';

const NOW = new Date(2026, 10, 23, 7, 30);
const NOBODY: Person = { profile: {}, sessions: [], feedback: [], prefs: [], constraints: [], learned: null, consents: false };

function payload(person: Partial<Person>, ask = firstAsk(['run_distance'])) {
  return payloadOf({ ask, person: { ...NOBODY, ...person }, catalog, now: NOW, seed: 1 });
}

function rec(data: Record<string, unknown>, id = 'x'): Rec {
  return { id, data };
}

function daysAgo(days: number): string {
  return new Date(2026, 10, 23 - days, 12).toISOString();
}

interface History {
  readonly exercises: Readonly<Record<string, Record<string, number>>>;
  readonly sessions: readonly object[];
  readonly pain: object;
}
const historyOf = (person: Partial<Person>): History => payload(person).history as unknown as History;

test('somebody of whom nothing is known gets a payload that the generator takes', () => {
  const made = payload({});
  expect(() => parse(made, catalog)).not.toThrow();
  expect(made.request).toEqual({ kind: 'warmup', activity: 'run_distance', budget_s: 600, local_time: '07:30', gap_s: null });
  expect(made.explore).toBeUndefined();
});

test('what a newer app wrote and this catalogue does not know is left aside', () => {
  const made = payload({
    profile: { birth_year: 1950, level: 'olympic', conditions: ['lumbar_disc', 'new_one'], equipment: 7, red_flags: ['chest_pain', 'x'] },
    feedback: [rec({ at: daysAgo(1), regions: ['tail'], pain: 5 })],
  });
  const request = parse(made, catalog);
  expect(request).toMatchObject({ age: 76, level: 'recreational', conditions: ['lumbar_disc'], redFlags: ['chest_pain'], painRegions: [] });
});

test('what was done is counted per exercise, the newest pain and rating hold', () => {
  const session = (days: number, slots: object[], rpe: number | null = 3): Rec => rec({ at: daysAgo(days), rpe, slots }, `s${days}`);
  const { exercises, sessions } = historyOf({
    sessions: [
      session(1, [{ slug: 'a-march', outcome: 'completed', rating: 1, pain: 0 }], 5),
      session(40, [{ slug: 'a-march', outcome: 'stopped_by_pain', rating: -1, pain: 6 }, { slug: 'a-skip', outcome: 'stopped_by_pain', rating: null, pain: 6 }]),
      session(9, [{ slug: 'a-march', outcome: 'skipped', rating: null, pain: 0 }], null),
    ],
  });
  expect(exercises['a-march']).toEqual({ days_since: 1, done: 1, skipped: 1, swapped: 0, rating: 1, pain: 0 });
  expect(exercises['a-skip']).toMatchObject({ days_since: 40, pain: 0 }); // pain is kept four weeks
  expect(sessions).toEqual([{ days_since: 1, rpe: 5, target: 4 }, { days_since: 40, rpe: 3, target: 4 }]);
});

test('thumbs down keeps out until it is undone; an exclusion ends with its day', () => {
  const rated = (data: Record<string, unknown>): number | undefined => historyOf({ prefs: [rec(data, 'a-march')] }).exercises['a-march']?.rating;
  expect(rated({ rating: -1 })).toBe(-1);
  expect(rated({ rating: 0 })).toBeUndefined();
  expect(rated({ favourite: true })).toBe(1);
  expect(rated({ excluded: true, until: '2026-11-23' })).toBe(-1);
  expect(rated({ excluded: true, until: '2026-11-22' })).toBeUndefined();
  expect(rated({ excluded: true, until: null, rating: 1 })).toBe(-1);
});

test('pain of a region is the newest word on it, from wherever it came', () => {
  expect(historyOf({
    profile: { pain: { knee: { level: 6, at: daysAgo(3) }, hip: { level: 5, at: daysAgo(30) }, neck: { level: 4, at: daysAgo(2) } } },
    feedback: [rec({ at: daysAgo(1), regions: ['knee'], pain: 2 }), rec({ at: daysAgo(1), regions: ['neck'], pain: 0 }, 'y')],
  }).pain).toEqual({ knee: { days_since: 1, level: 2 } });
});

test('what a physio keeps out reaches the generator, whatever the person says', () => {
  const made = payload({
    profile: { level: 'trained' },
    constraints: [
      rec({ hazards: ['kneeling'], exercises: ['a-skip'], regions: ['knee'], constraints: ['no_jump'], max_level: 'beginner', max_budget_s: 300 }),
      rec({ conditions: ['lumbar_disc'], until: '2026-11-01' }, 'over'),
    ],
  });
  const request = parse(made, catalog);
  expect(request).toMatchObject({ level: 'beginner', budgetS: 300, acuteRegions: ['knee'], constraints: ['no_jump'], conditions: [] });
  const kneeling = catalog.exercises.find(({ hazards }) => hazards.includes('kneeling'))!.slug;
  const { exercises } = made.history as unknown as History;
  expect([exercises['a-skip']?.rating, exercises[kneeling]?.rating]).toEqual([-1, -1]);
});

test('soreness that was told of yesterday counts, of last week not', () => {
  const told = (days: number) => (payload({ feedback: [rec({ at: daysAgo(days), about: 'next_day', soreness: ['hip'] })] }).profile as { soreness: string[] }).soreness;
  expect([told(1), told(7)]).toEqual([['hip'], []]);
});

test('chance picks an item only for somebody who agreed to training', () => {
  expect(payload({ consents: true }).explore).toBe(true);
});

test('only a warm-up has a start to be ready for', () => {
  expect(payload({}, { ...firstAsk(['cycle']), startsIn: 20 }).request.gap_s).toBe(1200);
  expect(payload({}, { ...firstAsk(['cycle']), kind: 'cooldown', startsIn: 20 }).request.gap_s).toBeNull();
});
