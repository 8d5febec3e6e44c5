import { readFileSync } from 'node:fs';
import path from 'node:path';

import { readCatalog, type StoredDocument } from '@/generator/catalog';
import type { Rec } from '@/store/types';

import { constraintsOf, firstAsk } from './ask';
import { askOfSession, doneOf, dueOn, followed, follows, nextOf, offered, programOf, programRecord, programWords, sessionsOf } from './programs';

const file = path.join(__dirname, '../../assets/models/catalog.json');
const { documents, release } = JSON.parse(readFileSync(file, 'utf8')) as { documents: StoredDocument[]; release: number };
const catalog = readCatalog(documents, release);
const desk = programOf(catalog, 'desk_week')!;
const did = (program: string, at: string): Rec => ({ id: at, data: { program, at } });

test('there are a dozen programs, in both languages', () => {
  expect(offered(catalog, []).length).toBeGreaterThanOrEqual(12);
  for (const { program } of offered(catalog, [])) {
    for (const language of ['en', 'de']) expect(Object.keys(programWords(program, language).parts)).toEqual(Object.keys(program.parts));
  }
});

test('what is made for somebody comes first, what does not go with them last and says why', () => {
  const mine = offered(catalog, ['fall_risk', 'shoulder_instability']);
  expect(mine[0]!.program.code).toBe('steady_feet');
  expect(mine.at(-1)).toMatchObject({ program: { code: 'first_pull_up' }, against: ['shoulder_instability'] });
});

test('progress counts what was done since the start, once, on whatever device', () => {
  const [first, second] = sessionsOf(desk);
  const started = { started_at: '2026-01-05T08:00:00Z', ended_at: null };
  const sessions = [
    did(first!.id, '2026-01-01T08:00:00Z'), // of an earlier go
    did(first!.id, '2026-01-05T09:00:00Z'), did(first!.id, '2026-01-06T09:00:00Z'),
    did('another/0.0', '2026-01-06T09:00:00Z'), did(`${desk.code}/9.9`, '2026-01-06T09:00:00Z'),
  ];
  const done = doneOf(desk, started, sessions);
  expect([...done]).toEqual([first!.id]);
  expect(nextOf(desk, done)).toEqual(second);
  expect(nextOf(desk, new Set(sessionsOf(desk).map(({ id }) => id)))).toBeNull();
  expect(doneOf(desk, null, sessions).size).toBe(0);
});

test('somebody follows a program from its start until they end it', () => {
  expect(follows(null)).toBe(false);
  expect(follows({ started_at: '2026-01-05T08:00:00Z', ended_at: null })).toBe(true);
  expect(follows({ started_at: '2026-01-05T08:00:00Z', ended_at: '2026-01-09T08:00:00Z' })).toBe(false);
});

describe('what is due', () => {
  const at = (day: number, hour = 12) => new Date(2026, 0, day, hour);
  const start = (code: string, day = 5) => ({ id: programRecord(code), data: { started_at: at(day, 23).toISOString(), ended_at: null } });
  const days = (code: string, count: number, sessions: Rec[] = []) => {
    const [one] = followed(catalog, [], [start(code)], sessions);
    return Array.from({ length: count }, (_, n) => dueOn(one!, at(5 + n))?.id ?? null);
  };
  const runner = sessionsOf(programOf(catalog, 'runner_month')!);
  const first = runner.filter(({ week }) => week === 0);

  test('begins on the day of the start, and what was not done stays due', () => {
    expect(days('runner_month', 3)).toEqual([first[0]!.id, first[0]!.id, first[0]!.id]);
  });

  test('a week’s sessions lie evenly in it, the next week’s wait for it', () => {
    const second = days('runner_month', 7, [did(first[0]!.id, at(5, 23).toISOString())]);
    const from = Math.floor(7 / first.length);
    expect(second).toEqual(Array.from({ length: 7 }, (_, n) => (n < from ? null : first[1]!.id)));
    const all = days('runner_month', 9, first.map(({ id }) => did(id, at(5, 23).toISOString())));
    const next = runner.find(({ week }) => week === 1)!.id;
    expect(all).toEqual([null, null, null, null, null, null, null, next, next]);
  });

  test('is nothing once all is done, before a start, and with a condition that speaks against it', () => {
    expect(days('runner_month', 40, runner.map(({ id }) => did(id, at(5, 23).toISOString()))).every((one) => one === null)).toBe(true);
    expect(followed(catalog, [], [{ id: programRecord('runner_month'), data: { started_at: null, ended_at: null } }], [])).toEqual([]);
    expect(followed(catalog, ['shoulder_instability'], [start('first_pull_up'), start('desk_week')], []).map(({ program }) => program.code)).toEqual(['desk_week']);
  });
});

test('a session asks for its part, in the place and with the kit at hand', () => {
  const here = { ...firstAsk(), loud: false, equipment: ['chair'], startsIn: 10 };
  const travel = programOf(catalog, 'travel')!;
  const ask = askOfSession(travel, sessionsOf(travel)[0]!, here);
  expect(ask).toMatchObject({ kind: 'desk_break', activity: 'desk_work', minutes: 4, program: 'travel/0.0', startsIn: null, equipment: [] });
  expect(constraintsOf(ask)).toEqual(expect.arrayContaining(['seated_only', 'small_space', 'no_jump']));
  expect(askOfSession(desk, sessionsOf(desk)[0]!, here).equipment).toEqual(['chair']);
});
