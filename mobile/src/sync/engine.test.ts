/** The sync against a server in memory: what comes, what waits, what is told, and what happens when it goes wrong. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { start, type Phone, type PhoneOptions } from '../../test/phone';
import { json, SyncServer } from '../../test/syncServer';
import { insideOf } from '../store/open';
import { entries } from '../store/outbox';

let folder: string;
let server: SyncServer;
let phones: Phone[];

beforeEach(() => {
  // No test needs the disk: a phone that is killed is one that goes no further.
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'limber-sync-'));
  server = new SyncServer();
  phones = [];
});

afterEach(async () => {
  for (const phone of phones) await phone.kill();
  rmSync(folder, { recursive: true });
});

async function phone(name = 'one', options: Partial<PhoneOptions> = {}): Promise<Phone> {
  const made = await start({ folder, name, fetch: server.fetch, wallMs: () => server.now, token: () => server.token, ...options });
  phones.push(made);
  return made;
}

const routine = (id: number): string => `00000000-0000-7000-8000-00000000000${id}`;
const set = (made: Phone, id: number, fields: object): Promise<void> =>
  made.store.write([{ collection: 'routine', id: routine(id), set: fields as Record<string, unknown> }]);
const seen = async (made: Phone, id: number): Promise<unknown> => (await made.store.get('routine', routine(id)))?.data;
const outbox = (made: Phone): Promise<string[]> =>
  insideOf(made.store).db.read(async (sql) => (await entries(sql)).map((entry) => entry.state));

test('what was made before signing in is pushed, and another device shows it', async () => {
  const [one, two] = [await phone('one'), await phone('two')];
  await set(one, 1, { title: 'Hips' });
  expect(await one.engine.now()).toMatchObject({ phase: 'idle', waiting: 0, detail: null });
  expect(one.engine.state().lastAt).toBe(server.now);
  await two.engine.now();
  expect(await seen(two, 1)).toEqual({ title: 'Hips' });
});

test('two devices that edited offline converge, field by field', async () => {
  const [one, two] = [await phone('one'), await phone('two')];
  await set(one, 1, { title: 'Hips', budget_s: 300 });
  for (const each of [one, two]) await each.engine.now();
  await set(one, 1, { title: 'Morning' });
  server.now += 1000;
  await set(two, 1, { title: 'Evening', notes: 'x' });
  for (const each of [two, one, two]) await each.engine.now();
  const end = { title: 'Evening', budget_s: 300, notes: 'x' };
  expect([await seen(one, 1), await seen(two, 1), server.state()[`routine/${routine(1)}`]]).toEqual([end, end, end]);
});

test('an edit made after seeing a value beats it, also by a clock that is a little slow', async () => {
  const [one, two] = [await phone('one'), await phone('two', { wallMs: () => server.now - 50_000 })];
  await set(one, 1, { title: 'theirs' });
  for (const each of [one, two]) await each.engine.now();
  await set(two, 1, { title: 'mine, later' });
  for (const each of [two, one]) await each.engine.now();
  expect([await seen(one, 1), await seen(two, 1)]).toEqual([{ title: 'mine, later' }, { title: 'mine, later' }]);
});

test('nobody signed in: nothing is sent, nothing is lost', async () => {
  const one = await phone('one', { token: () => null });
  await set(one, 1, { title: 'Hips' });
  expect(await one.engine.now()).toMatchObject({ phase: 'signed-out', waiting: 1 });
  expect(server.requests).toEqual([]);
});

test('a lost answer costs a repeat and nothing else', async () => {
  let lose = 0;
  const one = await phone('one', {
    fetch: async (...request) => {
      const answer = await server.fetch(...request);
      lose -= 1;
      if (lose === 0) throw new TypeError('network lost');
      return answer;
    },
  });
  await one.engine.now();
  await set(one, 1, { title: 'Hips' });
  lose = 2; // the keys come first
  expect(await one.engine.now()).toMatchObject({ phase: 'offline', waiting: 1, detail: null });
  expect(server.state()).toHaveProperty([`routine/${routine(1)}`]);
  expect(await one.engine.now()).toMatchObject({ phase: 'idle', waiting: 0 });
  expect(await outbox(one)).toEqual(['kept']);
});

test('an answer to another request is not believed', async () => {
  const one = await phone();
  await one.engine.now();
  await set(one, 1, { title: 'Hips' });
  server.extras = { request: 'ffff' };
  expect((await one.engine.now()).phase).toBe('offline');
  expect(await outbox(one)).toEqual(['pending']);
});

test('what the server refuses is set aside with its sentence, and the rest goes on', async () => {
  const one = await phone();
  await one.engine.now();
  server.largest = 100;
  await set(one, 1, { notes: 'n'.repeat(200) });
  await set(one, 2, { title: 'Hips' });
  expect(await one.engine.now()).toMatchObject({ phase: 'idle', waiting: 0, refused: 1 });
  const [refusal] = await one.store.refusals();
  expect(refusal).toMatchObject({ code: 'too_large', field: 'set', detail: 'It is too_large.', change: { id: routine(1) } });
  server.largest = 1000;
  await one.store.sendAgain(refusal!.place);
  expect(await one.engine.now()).toMatchObject({ waiting: 0, refused: 0 });
  expect(server.state()).toHaveProperty([`routine/${routine(1)}`]);
});

test('a refused change can be dropped, and what the server has is shown again', async () => {
  const one = await phone();
  await set(one, 1, { title: 'Hips' });
  await one.engine.now();
  server.largest = 100;
  await set(one, 1, { notes: 'n'.repeat(200) });
  await one.engine.now();
  await one.store.drop((await one.store.refusals())[0]!.place);
  expect(await seen(one, 1)).toEqual({ title: 'Hips' });
  expect(await outbox(one)).toEqual(['kept']);
});

test('a clock that runs ahead is put right, and the order of changes stays', async () => {
  let ahead = 86_400_000;
  const one = await phone('one', { wallMs: () => server.now + ahead });
  await set(one, 1, { title: 'first' });
  await set(one, 1, { notes: 'x' });
  await set(one, 1, { title: 'second' });
  expect(await one.engine.now()).toMatchObject({ phase: 'idle', waiting: 0, refused: 0 });
  expect(server.state()[`routine/${routine(1)}`]).toEqual({ title: 'second', notes: 'x' });
  const stamps = [...server.rows.values()].flatMap((row) => Object.values(row.stored.clocks));
  for (const hlc of stamps) expect(parseInt(hlc.slice(0, 12), 16)).toBeLessThanOrEqual(server.now + 60_000);
  ahead = 0;
  await set(one, 1, { title: 'third' });
  await one.engine.now();
  expect(server.state()[`routine/${routine(1)}`]).toMatchObject({ title: 'third' });
});

test('a restored server gets back what it had acknowledged', async () => {
  const [one, two] = [await phone('one'), await phone('two')];
  await set(one, 1, { title: 'Hips' });
  for (const each of [one, two]) await each.engine.now();
  const backup = server.backup();
  await set(one, 2, { title: 'Back' });
  await set(two, 1, { notes: 'kept' });
  for (const each of [one, two, one]) await each.engine.now();
  server.restore(backup);
  for (const each of [one, two, one]) await each.engine.now();
  for (const each of [one, two]) {
    expect([await seen(each, 1), await seen(each, 2)]).toEqual([{ title: 'Hips', notes: 'kept' }, { title: 'Back' }]);
  }
});

test('an edit of a record that a restored server never had comes back whole', async () => {
  const [one, two] = [await phone('one'), await phone('two')];
  const backup = server.backup();
  await set(one, 1, { title: 'Hips', budget_s: 300 });
  for (const each of [one, two]) await each.engine.now();
  server.restore(backup);
  await one.store.erase(); // the device that wrote it is gone
  await set(two, 1, { notes: 'mine' });
  await two.engine.now();
  expect(server.state()[`routine/${routine(1)}`]).toEqual({ title: 'Hips', budget_s: 300, notes: 'mine' });
});

test('a device that missed a forgotten deletion reads before it writes', async () => {
  const [one, two] = [await phone('one'), await phone('two')];
  await set(one, 1, { title: 'Hips' });
  await set(one, 2, { title: 'Back' });
  for (const each of [one, two]) await each.engine.now();
  await one.store.write([{ collection: 'routine', id: routine(1), delete: true }]);
  await one.engine.now();
  server.prune();
  await set(two, 2, { notes: 'x' });
  expect(await two.engine.now()).toMatchObject({ phase: 'idle', waiting: 0 });
  expect([await seen(two, 1), await seen(two, 2)]).toEqual([undefined, { title: 'Back', notes: 'x' }]);
});

test('a copy that rotted is found by its digest and fetched anew', async () => {
  const one = await phone();
  await set(one, 1, { title: 'Hips' });
  await one.engine.now();
  await insideOf(one.store).db.write((sql) => sql.run("UPDATE base SET data = '{}', digest = 'rotten'"));
  for (let i = 0; i < 20; i += 1) expect((await one.engine.now()).phase).toBe('idle');
  expect(await seen(one, 1)).toEqual({ title: 'Hips' });
  expect(server.digests).toBeLessThan(5);
});

test('Retry-After is kept to, also when the person asks', async () => {
  const one = await phone();
  await one.engine.now();
  server.instead.push(json({}, 404), json({}, 503, { 'Retry-After': '120' }));
  expect((await one.engine.now()).phase).toBe('waiting');
  const asked = server.requests.length;
  server.now += 60_000;
  expect((await one.engine.now()).phase).toBe('waiting');
  expect(server.requests.length).toBe(asked);
  server.now += 60_001;
  expect((await one.engine.now()).phase).toBe('idle');
});

test('an old version is told the sentence of the server and keeps all', async () => {
  const one = await phone();
  await set(one, 1, { title: 'Hips' });
  server.instead.push(json({}, 404), json({ detail: 'Please update Limber.', action: 'update' }, 426));
  expect(await one.engine.now()).toMatchObject({ phase: 'update-needed', detail: 'Please update Limber.', waiting: 1 });
});

test('a refused token is renewed once, then the person has to sign in', async () => {
  const sent: (string | null)[] = [];
  const one = await phone('one', {
    token: () => 'old',
    fetch: (input, init) => {
      sent.push(new Headers(init?.headers).get('Authorization'));
      return server.fetch(input, init);
    },
  });
  await set(one, 1, { title: 'Hips' });
  server.token = 'new';
  expect(await one.engine.now()).toMatchObject({ phase: 'sign-in-again', waiting: 1 });
  expect(sent).toEqual([null, 'Bearer old', 'Bearer old']);
});

test('what is too much for one request is sent in halves, and one that is too large alone is set aside', async () => {
  const one = await phone();
  await one.engine.now();
  for (let i = 1; i < 5; i += 1) await set(one, i, { title: `r${i}` });
  let most = 2;
  const real = server.fetch;
  const strict: typeof fetch = async (input, init) => {
    const patches = String(input).endsWith('/v1/sync') && typeof init?.body === 'string' ? (JSON.parse(init.body) as { patches: unknown[] }).patches : [];
    return patches.length > most ? json({ detail: 'too large' }, 413) : real(input, init);
  };
  await one.kill();
  const again = await phone('one', { fetch: strict });
  expect(await again.engine.now()).toMatchObject({ phase: 'idle', waiting: 0 });
  most = 0;
  await set(again, 1, { title: 'big' });
  expect(await again.engine.now()).toMatchObject({ waiting: 0, refused: 1 });
});

test('an unreadable cursor begins again from nothing, and loses nothing', async () => {
  const one = await phone();
  await set(one, 1, { title: 'Hips' });
  await one.engine.now();
  await insideOf(one.store).db.write((sql) => sql.run(`UPDATE meta SET value = '{"cursor":"!","full":false,"resync":null}' WHERE key = 'account_place'`));
  await set(one, 1, { notes: 'x' });
  expect(await one.engine.now()).toMatchObject({ phase: 'idle', waiting: 0 });
  expect(server.state()[`routine/${routine(1)}`]).toEqual({ title: 'Hips', notes: 'x' });
});

test('many pages come whole, or not at all', async () => {
  const [one, two] = [await phone('one'), await phone('two', { limit: 2 })];
  for (let i = 1; i < 9; i += 1) await set(one, i, { title: `r${i}` });
  await one.engine.now();
  const shown: number[] = [];
  two.store.subscribe(() => void two.store.list('routine').then((records) => shown.push(records.length)));
  await two.engine.now();
  expect(await two.store.list('routine')).toHaveLength(8);
  expect(shown.every((records) => records === 0 || records === 8)).toBe(true);
});

test('what a sync brings is told to the screens that show it', async () => {
  const [one, two] = [await phone('one'), await phone('two')];
  await two.engine.now();
  await set(one, 1, { title: 'Hips' });
  await one.engine.now();
  const heard = new Set<string>();
  two.store.subscribe((changed) => changed.forEach((name) => heard.add(name)));
  await two.engine.now();
  expect(heard.has('routine')).toBe(true);
});

test('an answer that comes after the records were erased is not written', async () => {
  const other = await phone('other');
  await set(other, 1, { title: 'Hips' });
  await other.engine.now();
  let meanwhile = async (): Promise<void> => undefined;
  const one: Phone = await phone('one', {
    fetch: async (...request) => {
      const answer = await server.fetch(...request);
      await meanwhile();
      return answer;
    },
  });
  meanwhile = () => one.store.erase();
  await one.engine.now();
  expect(Object.values(await one.store.everything()).flat()).toEqual([]);
});

test('an acknowledged change survives a kill at any statement', async () => {
  for (let at = 0; at < 400; at += 2) {
    server = new SyncServer();
    const name = `kill-${at}`;
    const other = await phone(`other-${at}`);
    await set(other, 1, { title: 'theirs', budget_s: 300 });
    await other.engine.now();
    let one = await phone(name);
    await set(one, 1, { notes: 'mine' });
    await set(one, 2, { title: 'also mine' });
    one.killAt(at);
    await one.engine.now();
    const died = one.dead();
    await one.kill();
    one = await phone(name);
    await one.engine.now();
    expect([await seen(one, 1), await seen(one, 2)]).toEqual([{ title: 'theirs', budget_s: 300, notes: 'mine' }, { title: 'also mine' }]);
    expect(server.state()[`routine/${routine(2)}`]).toEqual({ title: 'also mine' });
    expect(await one.store.waiting()).toBe(0);
    for (const each of phones.splice(0)) await each.kill();
    if (!died) return;
  }
  throw new Error('a sync that never ends');
}, 60_000);
