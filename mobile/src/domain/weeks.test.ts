import { byKind, mondayOf, rhythm, weeks, type Done } from './weeks';

const now = new Date(2026, 0, 9, 20, 0); // a Friday
const session = (day: number, minutes: number, rpe: number | null = null, kind = 'warmup', month = 0): Done =>
  ({ at: new Date(2026, month, day, 18).toISOString(), completed_s: minutes * 60, rpe, payload: { request: { kind } } });

test('a week begins on Monday at local midnight, also across a year and a change of clocks', () => {
  expect(mondayOf(new Date(2026, 0, 9))).toEqual(new Date(2026, 0, 5));
  expect(mondayOf(new Date(2026, 0, 5, 0, 0))).toEqual(new Date(2026, 0, 5));
  expect(mondayOf(new Date(2026, 0, 4, 23, 59))).toEqual(new Date(2025, 11, 29));
});

test('minutes, days and load are added up by week, the running one last', () => {
  const list = weeks([session(5, 10, 3), session(5, 5, 4), session(9, 8), session(2, 20)], now, 4);
  expect(list.map(({ minutes }) => minutes)).toEqual([0, 0, 20, 23]);
  expect(list.at(-1)).toMatchObject({ sessions: 3, days: 2, load: 50, start: new Date(2026, 0, 5) });
  expect(list[0]).toMatchObject({ sessions: 0, days: 0, load: null });
});

test('a session of the future, of a wrong clock or without a time counts nowhere', () => {
  expect(weeks([session(10, 30), { ...session(5, 5), at: 'yesterday' }, {}], now, 1)[0]).toMatchObject({ minutes: 0, sessions: 0 });
});

test('the rhythm holds nothing before the first session against anybody', () => {
  expect(rhythm([session(9, 5)], now)).toEqual({ days: 1, goodWeeks: 0, wholeWeeks: 0, since: 0 });
  expect(rhythm([session(29, 5, null, 'warmup', -1), session(31, 5, null, 'warmup', -1), session(6, 5)], now))
    .toEqual({ days: 3, goodWeeks: 1, wholeWeeks: 1, since: 3 });
  expect(rhythm([], now)).toEqual({ days: 0, goodWeeks: 0, wholeWeeks: 0, since: null });
});

test('what was done is told by kind, most first', () => {
  expect(byKind([session(5, 4), session(6, 9, null, 'mobility'), { ...session(7, 9), payload: {} }], new Date(2026, 0, 5), now))
    .toEqual([{ kind: 'mobility', minutes: 9 }, { kind: 'warmup', minutes: 4 }]);
});
