import fc from 'fast-check';
import {
  awakened, back, begin, bringBack, canLengthen, completedS, currentItem, currentStep, finish, hurry, hurts, leaveOut, leftS,
  lengthen, nextItem, pause, rate, resume, skip, stepLeftS, swap, tick, untouched, type Play, type Planned,
} from './play';
import { PLANNED_PACE, totalSeconds } from './timeline';

const AT = '2026-01-09T18:30:00.000Z';

function planned(slug: string, change: Partial<Planned> = {}): Planned {
  return {
    slug, phase: 'raise', position: 'standing', reps: null, sets: 1, work_s_per_side: 20, sides: 1, rest_s: 0,
    transition_s: 5, ...change,
  };
}

function started(...items: Planned[]): Play {
  return begin('id', AT, items.map((item, origin) => ({ ...item, origin })), PLANNED_PACE);
}

const THREE = started(
  planned('march'), planned('calf', { sides: 2, sets: 2, rest_s: 10, work_s_per_side: 15 }), planned('neck'),
);
const seconds = (play: Play, s: number): Play => tick(play, s * 1000, AT);
const legs = (slug: string, region: string): boolean => region === 'ankle' && slug === 'calf';

const plan = fc.array(fc.record<Planned>({
  slug: fc.constantFrom('march', 'calf', 'neck', 'cat'),
  phase: fc.constant('raise'), position: fc.constant('standing'), reps: fc.constant(null),
  sets: fc.integer({ min: 1, max: 3 }), work_s_per_side: fc.integer({ min: 3, max: 60 }),
  sides: fc.integer({ min: 1, max: 2 }), rest_s: fc.integer({ min: 0, max: 30 }),
  transition_s: fc.integer({ min: 3, max: 30 }),
}), { minLength: 1, maxLength: 8 });

type Act = (play: Play) => Play;
const againstAdvice = fc.nat(7).map((place): Act => (play) => bringBack(play, place));
const sensible: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 40_000 }).map((ms): Act => (play) => tick(play, ms, AT)) },
  fc.constant<Act>((play) => pause(play, 'person')),
  fc.constant<Act>((play) => resume(play, AT)),
  fc.constant<Act>((play) => skip(play, AT)),
  fc.constant<Act>(back),
  fc.constant<Act>(hurry),
  fc.constant<Act>((play) => lengthen(play, 60)),
  fc.constant<Act>((play) => hurts(play, { region: 'ankle', level: 4 }, legs)),
  fc.constant<Act>((play) => swap(play, play.at.item, planned('other'))),
  fc.nat(7).map((place): Act => (play) => swap(play, place, planned('other'))),
  fc.constantFrom('neck', 'cat').map((slug): Act => (play) => leaveOut(play, (one) => one === slug, AT)),
  fc.constant<Act>(awakened),
);
const act = fc.oneof({ weight: 11, arbitrary: sensible }, againstAdvice);

test('a routine that is left alone ends after exactly its own length', () => {
  fc.assert(fc.property(plan, (items) => {
    const play = started(...items);
    const length = totalSeconds(items);
    expect(leftS(play)).toBe(length);
    expect(tick(play, length * 1000 - 1, AT).finishedAt).toBeNull();
    const ended = tick(play, length * 1000, AT);
    expect(ended.finishedAt).toBe(AT);
    expect(ended.items.every((item) => item.state === 'done')).toBe(true);
    expect(completedS(ended)).toBe(length);
  }));
});

test('however often the clock is read, the same time leads to the same place', () => {
  fc.assert(fc.property(plan, fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 40 }), (items, parts) => {
    const whole = tick(started(...items), parts.reduce((sum, ms) => sum + ms, 0), AT);
    expect(parts.reduce((play, ms) => tick(play, ms, AT), started(...items))).toEqual(whole);
  }));
});

test('whatever somebody does, a kill at any moment resumes at the same second, and nothing is lost', () => {
  fc.assert(fc.property(plan, fc.array(act, { maxLength: 30 }), (items, acts) => {
    let play = started(...items);
    for (const step of acts) {
      const before = play;
      play = step(play);
      const stored = awakened(JSON.parse(JSON.stringify(play)) as Play);
      expect(leftS(stored)).toBe(leftS(play));
      expect(stored.at).toEqual(play.at);
      expect(stored.items).toEqual(play.items);
      expect(stored.finishedAt !== null || stored.paused !== null || untouched(play)).toBe(true);
      // Work that was done is never taken back, and the place is always one that exists.
      const worked = (one: Play): number => one.items.reduce((sum, item) => sum + item.workMs, 0);
      expect(worked(play)).toBeGreaterThanOrEqual(worked(before));
      expect(currentStep(play)).toBeDefined();
      if (play.finishedAt === null) {
        expect(play.at.ms).toBeLessThan(currentStep(play).s * 1000);
        expect(['todo', 'hurt']).toContain(currentItem(play).state);
      }
    }
  }));
});

test('whatever somebody does, the end comes: on is always enough times on', () => {
  fc.assert(fc.property(plan, fc.array(act, { maxLength: 30 }), (items, acts) => {
    let play = acts.reduce((now, step) => step(now), started(...items));
    for (let i = 0; i < 60 && play.finishedAt === null; i += 1) play = skip(resume(play, AT), AT);
    expect(play.finishedAt).toBe(AT);
  }));
});

test('an exercise whose region hurts is never come back to, and none that works it is played', () => {
  fc.assert(fc.property(plan, fc.array(sensible, { maxLength: 30 }), (items, acts) => {
    let play = hurts(started(...items), { region: 'ankle', level: 6 }, legs);
    const first = play.items[0];
    for (const step of acts) {
      play = step(play);
      expect(play.items[0]).toMatchObject({ state: 'hurt', pain: 6, regions: ['ankle'], workMs: first!.workMs });
      if (play.paused === null && play.finishedAt === null) expect(currentItem(play).slug).not.toBe('calf');
    }
  }));
});

test('a pause keeps time out', () => {
  const paused = pause(seconds(THREE, 9), 'person');
  expect(seconds(paused, 100)).toEqual(paused);
  expect(stepLeftS(resume(paused, AT))).toBe(16);
});

test('the second side follows the first after a change of sides', () => {
  const calf = skip(THREE, AT);
  expect(currentStep(seconds(calf, 5))).toMatchObject({ kind: 'work', side: 0, set: 0, s: 15 });
  expect(currentStep(seconds(calf, 20))).toMatchObject({ kind: 'switch', side: 1, s: 5 });
  expect(currentStep(seconds(calf, 25))).toMatchObject({ kind: 'work', side: 1, set: 0, s: 15 });
  expect(currentStep(seconds(calf, 40))).toMatchObject({ kind: 'rest', s: 10 });
  expect(currentStep(seconds(calf, 50))).toMatchObject({ kind: 'work', side: 0, set: 1 });
});

test('an exercise that is left before its end is skipped, one that is left at its last breath is done', () => {
  expect(skip(seconds(THREE, 12), AT).items[0]!.state).toBe('skipped');
  expect(skip(seconds(THREE, 22), AT).items[0]!.state).toBe('done');
});

test('back begins the exercise again, and at once after its beginning the one before', () => {
  const second = seconds(skip(seconds(THREE, 12), AT), 10);
  const again = back(second);
  expect(again.at).toEqual({ item: 1, step: 0, ms: 0 });
  expect(back(again).at).toEqual({ item: 0, step: 0, ms: 0 });
  expect(back(again).items[0]!.state).toBe('todo');
  expect(back(back(again)).at.item).toBe(0);
});

test('a get-ready can be cut short, work cannot', () => {
  const working = hurry(seconds(THREE, 1));
  expect(currentStep(working).kind).toBe('work');
  expect(hurry(working)).toBe(working);
});

test('longer adds ten seconds to both sides, up to what the type allows', () => {
  const calf = seconds(skip(THREE, AT), 6);
  const more = lengthen(calf, 30);
  expect(stepLeftS(more)).toBe(24);
  expect(currentStep(seconds(more, 30))).toMatchObject({ kind: 'work', side: 1, s: 25 });
  expect(canLengthen(more, 30)).toBe(false);
  expect(lengthen(more, 30)).toBe(more);
  expect(leftS(more)).toBe(leftS(calf) + 20);
});

test('what hurts stops, waits, and what works the same region is left out until it is wanted back', () => {
  const hurt = hurts(seconds(THREE, 8), { region: 'ankle', level: 4 }, legs);
  expect(hurt).toMatchObject({ paused: 'hurt', at: { item: 0 } });
  expect(hurt.items.map((item) => item.state)).toEqual(['hurt', 'left_out', 'todo']);
  expect(resume(hurt, AT).at.item).toBe(2);
  expect(resume(bringBack(hurt, 1), AT).at.item).toBe(1);
  expect(leftS(hurt)).toBe(25);
});

test('pain elsewhere stops the exercise alone', () => {
  const hurt = hurts(THREE, { region: null, level: 2 }, () => true);
  expect(hurt.items.map((item) => item.state)).toEqual(['hurt', 'todo', 'todo']);
});

test('when nothing is left that spares the region, there is still time to choose something else', () => {
  const hurt = hurts(started(planned('march'), planned('calf')), { region: 'ankle', level: 8 }, legs);
  expect(hurt.finishedAt).toBeNull();
  expect(resume(hurt, AT).finishedAt).toBe(AT);
  const swapped = swap(hurt, 1, planned('seated'));
  expect(currentItem(resume(swapped, AT)).slug).toBe('seated');
  expect(swapped.items.map((item) => item.state)).toEqual(['hurt', 'swapped', 'todo']);
});

describe('what speaks against an exercise on the way', () => {
  const only = (...slugs: string[]) => (slug: string) => slugs.includes(slug);
  const states = (play: Play) => play.items.map(({ state }) => state);

  test('keeps it out of what is to come, and the clock waits', () => {
    const spared = leaveOut(seconds(THREE, 8), only('neck'), AT);
    expect(states(spared)).toEqual(['todo', 'todo', 'left_out']);
    expect(spared).toMatchObject({ paused: 'person', at: { item: 0 } });
    expect(leftS(spared)).toBe(leftS(seconds(THREE, 8)) - 25);
    expect(leaveOut(spared, only('neck'), AT)).toBe(spared);
  });

  test('ends the one that runs, done if little was left of it, and leaves what is over', () => {
    expect(states(leaveOut(seconds(THREE, 8), only('march'), AT))).toEqual(['left_out', 'todo', 'todo']);
    expect(states(leaveOut(seconds(THREE, 24), only('march'), AT))).toEqual(['done', 'todo', 'todo']);
    expect(states(leaveOut(seconds(THREE, 30), only('march'), AT))).toEqual(['done', 'todo', 'todo']);
    expect(leaveOut(seconds(THREE, 8), only('march'), AT)).toMatchObject({ paused: 'person', at: { item: 1, step: 0, ms: 0 } });
  });

  test('ends the routine where nothing is left, and says nothing of one that is over', () => {
    const over = leaveOut(THREE, () => true, AT);
    expect(over.finishedAt).toBe(AT);
    expect(leaveOut(over, () => true, AT)).toBe(over);
  });

  test('waits with what hurts', () => {
    const hurt = hurts(THREE, { region: null, level: 2 }, legs);
    expect(leaveOut(hurt, only('calf', 'march'), AT)).toMatchObject({ paused: 'hurt', at: { item: 0 }, items: [{ state: 'hurt' }, { state: 'left_out' }, {}] });
  });
});

test('the running exercise can be exchanged, and the new one begins with its get-ready', () => {
  const swapped = swap(seconds(THREE, 10), 0, planned('other'));
  expect(currentItem(swapped).slug).toBe('other');
  expect(swapped.at).toEqual({ item: 1, step: 0, ms: 0 });
  expect(swapped.items[0]).toMatchObject({ state: 'swapped', workMs: 5000 });
  expect(nextItem(swapped)).toBe(2);
});

test('enough for today keeps what was done and says nothing of the rest', () => {
  const ended = finish(seconds(THREE, 26), AT);
  expect(ended.items.map((item) => item.state)).toEqual(['done', 'todo', 'todo']);
  expect(completedS(ended)).toBe(25);
  expect(finish(ended, 'later')).toBe(ended);
});

test('an exercise can be rated, and the rating taken back', () => {
  expect(rate(rate(THREE, 1, 1), 1, null).items[1]!.rating).toBeNull();
  expect(rate(THREE, 9, 1)).toBe(THREE);
});

test('a routine that has just been started begins, one that was left waits', () => {
  expect(awakened(THREE).paused).toBeNull();
  expect(awakened(seconds(THREE, 1)).paused).toBe('away');
});

test('a routine without items is refused', () => {
  expect(() => started()).toThrow('without items');
});
