import { dayOf } from './library';
import { dueNow, plannedField, plannedOf, TEXTS, timeOf, turn, upcoming, type Reminder } from './reminders';
import english from '@/i18n/en/progress.json';

const now = new Date(2026, 0, 5, 12, 0); // a Monday
const nothing = { doneDays: new Set<string>(), since: 1 };
const daily: Reminder = { time: '07:30', days: [1, 2, 3, 4, 5, 6, 7], kind: 'desk_break' };
const list = (reminders: Reminder[], lately = nothing, at = now) => upcoming(reminders, [], lately, at, dayOf);

test('rings at the local time on its days, and never in the past', () => {
  const found = list([{ time: '07:30', days: [1, 3], kind: 'mobility' }]);
  expect(found.map(({ at }) => at)).toEqual([new Date(2026, 0, 7, 7, 30), new Date(2026, 0, 12, 7, 30), new Date(2026, 0, 14, 7, 30)]);
});

test('a whole round of words is used before one returns, and none twice running', () => {
  for (const count of [2, 3, 4, 6]) {
    const said = Array.from({ length: 60 }, (_, n) => turn(count, n + 20_000 * count, '07:30'));
    for (let n = 1; n < said.length; n += 1) expect(said[n]).not.toBe(said[n - 1]);
    for (let n = 0; n < said.length; n += count) expect(new Set(said.slice(n, n + count)).size).toBe(count);
  }
  expect(turn(1, 5, 'x')).toBe(0);
});

test('two weeks of reminders say at least six different things', () => {
  const said = [...list([daily]), ...list([daily], nothing, new Date(2026, 0, 15, 12))].map(({ text, minutes }) => `${text} ${minutes}`);
  expect(new Set(said).size).toBeGreaterThanOrEqual(6);
});

test('every text that can come has words', () => {
  const words = Object.keys(english.remind);
  for (const [sort, count] of Object.entries(TEXTS)) {
    for (let n = 1; n <= count; n += 1) expect(words).toContain(`${sort}_${n}`);
  }
});

test('asking again on the same day gives the same moments and words', () => {
  expect(list([daily])).toEqual(list([daily], nothing, new Date(2026, 0, 5, 12, 40)));
});

test('a day on which somebody moved has no reminder', () => {
  const found = list([daily], { doneDays: new Set(['2026-01-06']), since: 1 });
  expect(found.map(({ at }) => dayOf(at))).not.toContain('2026-01-06');
  expect(found).toHaveLength(list([daily]).length - 1);
});

test('after a long while without a session it comes seldom and says only the gentlest', () => {
  const found = list([daily], { doneDays: new Set(), since: 30 });
  expect(found.length).toBeLessThanOrEqual(4);
  expect(found.every(({ text }) => text.startsWith('quiet_'))).toBe(true);
});

test('a time that is none, and a kind of a newer app, do no harm', () => {
  expect(list([{ time: '25:00', days: [1, 2], kind: 'desk_break' }])).toEqual([]);
  expect(list([{ ...daily, kind: 'dance' }])[0]).toMatchObject({ kind: 'mobility' });
});

test.each([['7:30', '07:30'], ['0730', '07:30'], ['7.05', '07:05'], ['24:00', null], ['noon', null], ['7:3', null]])('%s is %s', (typed, time) => {
  expect(timeOf(typed)).toBe(time);
});

describe('planned sessions', () => {
  const at = new Date(2026, 0, 8, 18).toISOString();
  const plan = { at, kind: 'warmup', activity: 'tennis', budget_s: 600 };

  test('are said five minutes before', () => {
    const [one] = upcoming([], plannedOf({ [plannedField('0199-ab')]: plan }, now), nothing, now, dayOf);
    expect(one).toMatchObject({ text: 'planned', minutes: 10, activity: 'tennis', at: new Date(2026, 0, 8, 17, 55) });
  });

  test('go two hours after, and what was cleared or is malformed is no plan', () => {
    const fields = { p_a: plan, p_b: null, p_c: { at }, p_d: { ...plan, at: new Date(2026, 0, 5, 9).toISOString() }, theme: 'dark' };
    expect(plannedOf(fields, now).map(({ id }) => id)).toEqual(['a']);
  });

  test('keep a field of their own, so that two devices may plan at once', () => {
    expect(plannedField('019ba403-1111-7000-8000-000000000000')).toMatch(/^p_[0-9a-f]{32}$/);
  });
});

describe('on a day with a session of a program due', () => {
  const session = { code: 'desk_week', part: 'neck', kind: 'desk_break', minutes: 4 };
  const wednesday = (day: Date) => (day.getDay() === 3 ? session : null);
  const own: Reminder[] = [{ ...daily, time: '12:30', kind: 'mobility' }, { ...daily, time: '15:00' }, { ...daily, time: '17:00' }];

  test('the reminder of its kind names it, and the others say their own', () => {
    const found = upcoming(own, [], nothing, now, dayOf, wednesday).filter(({ at }) => at.getDate() === 7);
    expect(found.map(({ program }) => program?.part)).toEqual([undefined, 'neck', undefined]);
    expect(found[1]).toMatchObject({ kind: 'desk_break', minutes: 4, text: expect.stringMatching(/^program_[123]$/) });
  });

  test('where none is of its kind, the first of the day names it, and that one alone though it is past', () => {
    const later = new Date(2026, 0, 7, 13);
    const others = own.map((one) => ({ ...one, kind: 'cooldown' }));
    const today = (at: Date) => upcoming(others, [], nothing, at, dayOf, wednesday).filter((one) => one.at.getDate() === 7).map(({ program }) => program?.code);
    expect(today(new Date(2026, 0, 7))).toEqual(['desk_week', undefined, undefined]);
    expect(today(later)).toEqual([undefined, undefined]);
  });

  test('no day more is reminded than was asked for, and after a long while only the gentlest', () => {
    const none = upcoming([{ ...daily, days: [1] }], [], nothing, now, dayOf, () => session);
    expect(none.map(({ at }) => at.getDay())).toEqual([1]);
    const away = upcoming([daily], [], { doneDays: new Set(), since: 30 }, now, dayOf, () => session);
    expect(away.every(({ text, program }) => text.startsWith('quiet_') && program === undefined)).toBe(true);
  });
});

test('in the app, the newest of today shows until it was put away', () => {
  const midnight = new Date(2026, 0, 6);
  const found = list([daily, { ...daily, time: '11:00' }], nothing, midnight);
  const noon = new Date(2026, 0, 6, 12);
  expect(dueNow(found, noon, undefined)?.at).toEqual(new Date(2026, 0, 6, 11));
  expect(dueNow(found, noon, 'r-2026-01-06-11:00')).toBeNull();
  expect(dueNow(found, new Date(2026, 0, 6, 6), undefined)).toBeNull();
});
