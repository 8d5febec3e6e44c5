import { unwritten } from './healthLog';
import { pressureOf, tooHigh } from './pressure';
import { liking } from './tastes';

test('the health store gets each finished session once, from the day it was allowed', () => {
  const session = (id: string, at: string, completed_s: number) => ({ id, data: { at, completed_s, payload: { request: { kind: 'cooldown' } } } });
  const all = [
    session('late', '2026-01-09T10:00:00Z', 300), session('early', '2026-01-08T10:00:00Z', 300), session('before', '2026-01-01T10:00:00Z', 300),
    session('glance', '2026-01-09T11:00:00Z', 20), session('written', '2026-01-09T12:00:00Z', 300),
  ];
  const found = unwritten(all, '2026-01-07T00:00:00Z', ['written']);
  expect(found.map(({ id }) => id)).toEqual(['early', 'late']);
  expect(found[0]).toMatchObject({ kind: 'cooldown', end: new Date('2026-01-08T10:05:00Z') });
});

test('blood pressure is two numbers that can be, or nothing', () => {
  expect(pressureOf('', ' ')).toEqual({ kind: 'none' });
  expect(pressureOf('120', '80')).toEqual({ kind: 'ok', systolic: 120, diastolic: 80 });
  for (const [upper, lower] of [['120', ''], ['80', '120'], ['500', '80'], ['1e2', '50'], ['12o', '80']]) {
    expect(pressureOf(upper!, lower!)).toEqual({ kind: 'wrong' });
  }
  expect(tooHigh({ systolic: 200, diastolic: 80 })).toBe(true);
  expect(tooHigh({ systolic: 150, diastolic: 110 })).toBe(true);
  expect(tooHigh({ systolic: 199, diastolic: 109 })).toBe(false);
});

test('tastes are told strongest first, without the noise', () => {
  const points = { everything: 90, 'type:balance': -44, jumping: 3, kit: 16, vigorous: -6 };
  expect(liking(Object.entries(points).map(([name, n]) => ({ name, points: n })))).toEqual([
    { name: 'type:balance', sign: -1, how: 'c' }, { name: 'kit', sign: 1, how: 'b' }, { name: 'vigorous', sign: -1, how: 'a' },
  ]);
});
