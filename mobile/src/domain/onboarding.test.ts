import { answersOf, changesOf, NO_ANSWERS, yearOf } from './onboarding';

const NOW = new Date('2026-11-23T12:00:00Z');

test('whoever skips everything changes nothing', () => {
  expect(changesOf(NO_ANSWERS, null, NOW)).toEqual({});
});

test('only what was said is written', () => {
  expect(changesOf({ ...NO_ANSWERS, level: 'beginner', equipment: ['mat'], floor: false }, null, NOW)).toEqual({
    level: 'beginner', equipment: ['mat'], constraints: ['no_floor'],
  });
});

test.each([
  ['sore', { soreness: ['knee'] }],
  ['acute', { acute_regions: ['knee'] }],
  ['pain', { pain: { knee: { level: 4, at: NOW.toISOString() } } }],
] as const)('a knee that is %s is written as that', (ache, set) => {
  expect(changesOf({ ...NO_ANSWERS, regions: ['knee'], ache }, null, NOW)).toEqual(set);
});

test('warning signs that are gone are taken back, and other wishes stay', () => {
  const profile = { red_flags: ['chest_pain'], constraints: ['no_jump'], level: 'trained' };
  expect(answersOf(profile)).toMatchObject({ flags: ['chest_pain'], level: 'trained', floor: true });
  expect(changesOf({ ...answersOf(profile), flags: [] }, profile, NOW)).toEqual({ red_flags: [] });
});

test('a year is one that somebody alive can be born in', () => {
  expect(yearOf('1985', NOW)).toBe(1985);
  expect(yearOf('', NOW)).toBeNull();
  for (const wrong of ['85', '2024', '1800', 'abcd']) expect(yearOf(wrong, NOW)).toBeUndefined();
});
