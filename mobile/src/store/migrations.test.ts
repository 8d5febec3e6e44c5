/** A database of any version that an app ever had is taken over as it is, and a newer one is left alone. */

import { openDatabaseAsync } from 'expo-sqlite';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Killed } from '../../test/phone';
import { storeOver } from './open';
import { NewerDatabase, prepare, VERSIONS } from './schema';

/** `v<n>.sql`: what an app of version n left behind. Never edited; a new version adds a file. */
const FIXTURES = join(__dirname, 'fixtures');
const bundled = { digest: 'later', read: async () => ({ release: 9, documents: [] }) };

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'limber-migrations-')); });
afterEach(() => rmSync(folder, { recursive: true }));

test('every version has an example of what it left behind', () => {
  expect(readdirSync(FIXTURES).sort()).toEqual(VERSIONS.map((_, i) => `v${i + 1}.sql`));
});

test.each(VERSIONS.map((_, i) => i + 1))('what version %d left behind is all there', async (version) => {
  const connection = await openDatabaseAsync('old.db', undefined, folder);
  await connection.execAsync(readFileSync(join(FIXTURES, `v${version}.sql`), 'utf8'));
  const store = await storeOver(connection, { bundled, wallMs: () => 1_800_000_000_000 });
  expect(await store.everything()).toMatchObject({
    profile: [{ id: 'me', data: { level: 'trained', name: 'Ada' } }],
    routine: [{ id: '019acb12-f3a4-7000-8000-000000000001', data: { title: 'Hips', notes: 'not sent yet' } }],
    feedback: [{ id: '019acb12-f3a4-7000-8000-000000000002', data: { about: 'app' } }],
  });
  expect([await store.waiting(), (await store.refusals()).length, await store.recall('draft')]).toEqual([2, 1, { minutes: 7 }]);
  expect(await store.catalog()).toMatchObject({ release: 3, documents: [{ id: 'glute-bridge', data: { name: 'Brücke' } }] });
  await store.write([{ collection: 'profile', id: 'me', set: { level: 'beginner' } }]);
  expect(await store.waiting()).toBe(3);
  await store.close();
  const again = await openDatabaseAsync('old.db', undefined, folder);
  expect(await again.getFirstAsync('PRAGMA user_version')).toEqual({ user_version: VERSIONS.length });
  await again.closeAsync();
});

test('a database of a newer app is not touched', async () => {
  const connection = await openDatabaseAsync('newer.db', undefined, folder);
  await connection.execAsync(`PRAGMA user_version = ${VERSIONS.length + 1}`);
  await expect(storeOver(connection, { bundled })).rejects.toThrow(NewerDatabase);
  expect(await connection.getAllAsync("SELECT name FROM sqlite_master")).toEqual([]);
  await connection.closeAsync();
});

test('an app that is killed while it upgrades begins again where it was', async () => {
  const next = [...VERSIONS, ['CREATE TABLE later (x)', 'ALTER TABLE local ADD COLUMN at INTEGER']];
  const connection = await openDatabaseAsync('upgrade.db', undefined, folder);
  await prepare(connection);
  const broken = [...VERSIONS, ['CREATE TABLE later (x)', 'SELECT * FROM nowhere']];
  await expect(prepare(connection, broken)).rejects.toThrow('nowhere');
  expect(await connection.getFirstAsync('PRAGMA user_version')).toEqual({ user_version: VERSIONS.length });
  const dying = { ...connection, execAsync: async () => { throw new Killed(); }, getAllAsync: connection.getAllAsync.bind(connection) };
  await expect(prepare(dying as unknown as typeof connection, next)).rejects.toThrow(Killed);
  await prepare(connection, next);
  expect(await connection.getFirstAsync('PRAGMA user_version')).toEqual({ user_version: next.length });
  await connection.closeAsync();
});
