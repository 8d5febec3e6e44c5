/** No stamp is ever given twice, whatever the wall clock does. */

import { openDatabaseAsync } from 'expo-sqlite';

import { database, type Db } from './db';
import { prepare } from './schema';
import { FILL_AGE_MS, fillStamp, forgetBurnt, learnOffset, stamp, stepBack, witness } from './stamps';

const DEVICE = '1f2e3d4c5b6a7988';
const NOW = 0x19acb12f3a4;
let db: Db;

beforeEach(async () => {
  const connection = await openDatabaseAsync('x');
  await prepare(connection);
  db = database(connection);
});

const next = (wallMs: number): Promise<string> => db.write((sql) => stamp(sql, wallMs, DEVICE));

test('a clock that goes back counts on', async () => {
  const given = [await next(NOW), await next(NOW), await next(NOW - 86_400_000), await next(NOW + 1)];
  expect([...given].sort()).toEqual(given);
  expect(new Set(given).size).toBe(4);
});

test('what was seen is never gone below', async () => {
  const seen = '019acb13072c-0003-a0b1c2d3e4f50617';
  await db.write((sql) => witness(sql, [null, seen]));
  expect(await next(NOW)).toBe('019acb13072c-0004-1f2e3d4c5b6a7988');
});

test('a clock that is put right does not come by its abandoned stamps again', async () => {
  const ahead = [await next(NOW + 3_600_000), await next(NOW + 3_600_000)];
  await db.write((sql) => stepBack(sql, ahead, null));
  expect(await next(NOW)).toBe('019acb12f3a4-0000-1f2e3d4c5b6a7988');
  const later = await next(NOW + 3_600_000);
  expect(ahead).not.toContain(later);
  // Once the server has let in greater ones, nothing goes back behind those.
  await db.write(async (sql) => {
    await witness(sql, [later]);
    await forgetBurnt(sql);
    expect(await sql.all('SELECT * FROM burnt')).toEqual([]);
  });
});

test("the server's time counts, unless it is only the network's delay", async () => {
  await db.write((sql) => learnOffset(sql, NOW + 50_000, NOW));
  expect(await next(NOW)).toContain('019acb12f3a4-');
  await db.write((sql) => learnOffset(sql, NOW + 3_600_000, NOW));
  expect(parseInt((await next(NOW)).slice(0, 12), 16)).toBe(NOW + 3_600_000);
});

test('a fill-in loses to everything really written, and two are never the same', async () => {
  const fills = [await db.write((sql) => fillStamp(sql, NOW, DEVICE)), await db.write((sql) => fillStamp(sql, NOW, DEVICE))];
  expect(fills[0]! < fills[1]!).toBe(true);
  expect(parseInt(fills[0]!.slice(0, 12), 16)).toBe(NOW - FILL_AGE_MS);
});
