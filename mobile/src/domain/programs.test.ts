import { readFileSync } from 'node:fs';
import path from 'node:path';

import { readCatalog, type StoredDocument } from '@/generator/catalog';
import type { Rec } from '@/store/types';

import { constraintsOf, firstAsk } from './ask';
import { askOfSession, doneOf, follows, nextOf, offered, programOf, programWords, sessionsOf } from './programs';

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

test('a session asks for its part, in the place and with the kit at hand', () => {
  const here = { ...firstAsk(), loud: false, equipment: ['chair'], startsIn: 10 };
  const travel = programOf(catalog, 'travel')!;
  const ask = askOfSession(travel, sessionsOf(travel)[0]!, here);
  expect(ask).toMatchObject({ kind: 'desk_break', activity: 'desk_work', minutes: 4, program: 'travel/0.0', startsIn: null, equipment: [] });
  expect(constraintsOf(ask)).toEqual(expect.arrayContaining(['seated_only', 'small_space', 'no_jump']));
  expect(askOfSession(desk, sessionsOf(desk)[0]!, here).equipment).toEqual(['chair']);
});
