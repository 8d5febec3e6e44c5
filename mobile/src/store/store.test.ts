/** What screens rely on: written is kept, shown is true, told at once. */

import { openDatabaseAsync } from 'expo-sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { storeOver } from './open';
import type { Store } from './types';

const bundled = {
  digest: 'd1',
  read: async () => ({ release: 3, documents: [{ collection: 'exercise', id: 'glute-bridge', data: { name: 'Brücke' } }] }),
};
const SESSION = {
  at: '2026-01-09T18:27:59.871Z', model: 'a'.repeat(64), catalog: 1, payload: {}, rpe: null, completed_s: 300,
  slots: [{ slug: 'glute-bridge', place: 0, propensity: 1, explored: false, outcome: 'completed', rating: null, pain: 0 }],
};

let folder: string;
let store: Store;

async function open(): Promise<Store> {
  return storeOver(await openDatabaseAsync('limber.db', undefined, folder), { wallMs: () => 1_764_343_608_228, bundled });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'limber-store-'));
  store = await open();
});

afterEach(async () => {
  await store.close().catch(() => undefined);
  rmSync(folder, { recursive: true });
});

test('what was written is there after the app was killed', async () => {
  await store.write([{ collection: 'profile', id: 'me', set: { level: 'trained' } }]);
  await store.remember('draft', { minutes: 7 });
  await store.close();
  store = await open();
  expect(await store.get('profile', 'me')).toEqual({ id: 'me', data: { level: 'trained' } });
  expect(await store.recall('draft')).toEqual({ minutes: 7 });
  expect(await store.waiting()).toBe(1);
});

test('a change sets its own fields and leaves the others alone; null clears one', async () => {
  await store.write([{ collection: 'profile', id: 'me', set: { name: 'Ada', level: 'trained' } }]);
  await store.write([{ collection: 'profile', id: 'me', set: { name: null, birth_year: 1990 } }]);
  expect((await store.get('profile', 'me'))?.data).toEqual({ name: null, level: 'trained', birth_year: 1990 });
});

test('of several changes all are written or none, and the mistake is named', async () => {
  const changes = [
    { collection: 'profile', id: 'me', set: { level: 'trained' } },
    { collection: 'exercise_pref', id: 'glute-bridge', set: { rating: 7 } },
  ] as const;
  await expect(store.write(changes)).rejects.toMatchObject({ field: 'rating', reason: 'must be a whole number from -1 to 1' });
  expect(await store.get('profile', 'me')).toBeNull();
});

test('a record made here gets a name of its own, and a session bears it', async () => {
  const id = await store.create('session', SESSION);
  expect(id).toMatch(/^019acb12-f3a4-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect((await store.get('session', id))?.data.id).toBe(id);
  expect(await store.create('routine', { title: 'Hips' })).not.toBe(await store.create('routine', { title: 'Hips' }));
  expect(await store.list('routine')).toHaveLength(2);
});

test('a session is written once, whole, and stays', async () => {
  const id = await store.create('session', SESSION);
  await expect(store.write([{ collection: 'session', id, set: { ...SESSION, id, rpe: 5 } }])).rejects.toThrow('stays as it was written');
  await expect(store.write([{ collection: 'session', id, delete: true }])).rejects.toThrow('stays as it was written');
  await expect(store.create('session', { ...SESSION, slots: undefined })).rejects.toThrow('slots: is missing');
  await expect(store.create('constraint', { notes: 'x' })).rejects.toThrow('not for devices to write');
});

test('deleting takes a record away, and writing it again brings it back whole', async () => {
  const id = await store.create('routine', { title: 'Hips', budget_s: 300 });
  await store.write([{ collection: 'routine', id, delete: true }, { collection: 'routine', id, delete: true }]);
  expect(await store.list('routine')).toEqual([]);
  await store.write([{ collection: 'routine', id, set: { title: 'Hips again' } }]);
  expect((await store.get('routine', id))?.data).toEqual({ title: 'Hips again', budget_s: 300 });
});

test('listeners hear what changed after it is there, and no more once they left', async () => {
  const heard: string[][] = [];
  const stop = store.subscribe((changed) => heard.push([...changed]));
  await store.remember('ask', { kind: 'before' });
  await store.write([{ collection: 'profile', id: 'me', set: { level: 'trained' } }]);
  await store.forget('ask');
  stop();
  await store.remember('ask', 1);
  expect(heard).toEqual([['local:ask'], ['profile'], ['local:ask']]);
});

test('a slider moved a thousand times leaves one change to send', async () => {
  for (let minutes = 1; minutes <= 50; minutes += 1) {
    await store.write([{ collection: 'preferences', id: 'player', set: { volume: minutes } }]);
  }
  expect(await store.waiting()).toBe(1);
  await store.write([{ collection: 'preferences', id: 'player', set: { voice: 'off' } }]);
  expect(await store.waiting()).toBe(2);
  expect((await store.get('preferences', 'player'))?.data).toEqual({ volume: 50, voice: 'off' });
});

test('erasing takes the person off this device, and leaves the catalogue', async () => {
  const id = await store.create('routine', { title: 'Hips' });
  await store.remember('playing', { routine: id });
  const heard = new Set<string>();
  store.subscribe((changed) => changed.forEach((name) => heard.add(name)));
  await store.erase();
  expect(Object.values(await store.everything()).flat()).toEqual([]);
  expect([await store.waiting(), await store.recall('playing')]).toEqual([0, undefined]);
  expect((await store.catalog()).documents).toHaveLength(1);
  expect(heard.has('routine') && heard.has('local:playing')).toBe(true);
});

test('everything that is shown can be carried away, sent or not', async () => {
  await store.write([{ collection: 'profile', id: 'me', set: { level: 'trained' } }]);
  const id = await store.create('session', SESSION);
  const all = await store.everything();
  expect(all.profile).toEqual([{ id: 'me', data: { level: 'trained' } }]);
  expect(all.session).toEqual([{ id, data: { ...SESSION, id } }]);
  expect(all.constraint).toEqual([]);
});

test('the first launch has a catalogue, and a newer app brings its newer one', async () => {
  expect(await store.catalog()).toEqual(await bundled.read());
  await store.close();
  const read = async () => ({ release: 4, documents: [{ collection: 'exercise', id: 'cat-cow', data: {} }] });
  store = await storeOver(await openDatabaseAsync('limber.db', undefined, folder), { bundled: { digest: 'd2', read } });
  expect(await store.catalog()).toEqual(await read());
});

test('reads and writes asked for at once never see half of each other', async () => {
  const writes = Array.from({ length: 30 }, (_, i) =>
    store.write([
      { collection: 'preferences', id: 'app', set: { volume: i } },
      { collection: 'preferences', id: 'player', set: { volume: i } },
    ]));
  const reads = Array.from({ length: 30 }, () => store.list<{ volume: number }>('preferences'));
  await Promise.all(writes);
  for (const records of await Promise.all(reads)) expect(new Set(records.map((record) => record.data.volume)).size).toBeLessThan(2);
});
