import { begin, stepLeftS, type Play } from './play';
import { advance, AWAY_MS } from './playerClock';
import { PLANNED_PACE } from './timeline';

const AT = '2026-01-09T18:30:00.000Z';
const PLAY = begin('id', AT, [{
  slug: 'march', phase: 'raise', position: 'standing', reps: null, sets: 1, work_s_per_side: 60, sides: 1, rest_s: 0,
  transition_s: 5, origin: 0,
}], PLANNED_PACE);

/** A loop as the screen runs it: fake time, read by a clock that only goes forward. */
function ran(from: Play, ms: number): Play {
  jest.useFakeTimers({ doNotFake: [] });
  let play = from;
  let last: number | null = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    play = advance(play, last, now, AT);
    last = now;
  }, 250);
  jest.advanceTimersByTime(ms);
  clearInterval(timer);
  jest.useRealTimers();
  return play;
}

test('a minute of reading the clock is a minute of the routine', () => {
  expect(ran(PLAY, 65_000).finishedAt).toBe(AT);
  expect(ran(PLAY, 64_750).finishedAt).toBeNull();
  expect(stepLeftS(ran(PLAY, 12_000))).toBe(53);
});

test('a phone that sets its time changes nothing', () => {
  jest.useFakeTimers();
  let play = PLAY;
  let last = performance.now();
  for (const wall of ['2026-01-09T18:30:00Z', '2030-05-01T00:00:00Z', '1999-01-01T00:00:00Z', '2026-01-09T18:30:09Z']) {
    jest.setSystemTime(new Date(wall));
    jest.advanceTimersByTime(2000);
    play = advance(play, last, performance.now(), AT);
    last = performance.now();
  }
  jest.useRealTimers();
  expect(stepLeftS(play)).toBe(57);
  expect(play.paused).toBeNull();
});

test('a busy second or two counts, and the figure catches up', () => {
  expect(stepLeftS(advance(PLAY, 0, AWAY_MS, AT))).toBe(60);
});

test('a phone that slept stands where it was, and says so', () => {
  const slept = advance(PLAY, 1000, 1000 + 3_600_000, AT);
  expect(slept.paused).toBe('away');
  expect(slept.at).toEqual(PLAY.at);
});

test('the first reading, and one that goes backwards, count nothing', () => {
  expect(advance(PLAY, null, 5000, AT)).toBe(PLAY);
  expect(advance(PLAY, 5000, 4000, AT)).toBe(PLAY);
});
