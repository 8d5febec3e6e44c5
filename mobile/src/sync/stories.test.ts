/**
 * Any story of several phones ends well: they converge on what the newest clocks say, nothing acknowledged is lost, digests agree.
 *
 * LIMBER_STORIES_SERVER   address of what controls a real server (tests/app/test_sync_stories.py); without it the server is in memory
 * LIMBER_STORIES          how many (25); LIMBER_STORIES_SEED: which
 */

import fc from 'fast-check';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { start } from '../../test/phone';
import { SyncServer, type Backup } from '../../test/syncServer';
import { FAULTS, KEYS, PHONES, World, type Ground, type Step } from '../../test/syncWorld';

const CONTROL = process.env.LIMBER_STORIES_SERVER;
const STORIES = Number(process.env.LIMBER_STORIES ?? 25);
const SEED = Number(process.env.LIMBER_STORIES_SEED ?? 1);
const DAY_S = 86_400;

const phone = fc.nat(PHONES - 1);
const key = fc.nat(KEYS.length - 1);
const name = fc.constantFrom('x', 'y');
const fault = fc.constantFrom(...FAULTS);
const common = [
  { weight: 6, arbitrary: fc.record({ what: fc.constant('write' as const), phone, key, name }) },
  { weight: 10, arbitrary: fc.record({ what: fc.constant('write and sync' as const), phone, key, name, fault, at: fc.constantFrom(0, 0, 1) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('delete' as const), phone, key }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('append' as const), phone }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('sync' as const), phone, fault: fc.constant('none' as const), at: fc.constant(0) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('sync' as const), phone, fault, at: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('write while syncing' as const), phone, key, name, fault }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('sync together' as const), phone, other: phone }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('crash' as const), phone, at: fc.nat(90) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('set clock' as const), phone, seconds: fc.constantFrom(0, -600, 200, 600, DAY_S, -2 * DAY_S, 400 * DAY_S) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('pass' as const), seconds: fc.constantFrom(1, 60, 3600, DAY_S) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('backup' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('restore' as const), newEpoch: fc.constant(true) }) },
];
/** After these only agreement can be asked for: see `World`. */
const drastic = [
  { weight: 1, arbitrary: fc.record({ what: fc.constant('restore' as const), newEpoch: fc.constant(false) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('half a year later' as const) }) },
];
const story = (steps: fc.Arbitrary<Step>): fc.Arbitrary<Step[]> => fc.array(steps, { minLength: 5, maxLength: 40 });
const stories = fc.oneof(
  { weight: 3, arbitrary: story(fc.oneof(...common)) }, { weight: 1, arbitrary: story(fc.oneof(...common, ...drastic)) },
);

/** The server in memory. */
function inMemory(): Ground {
  const server = new SyncServer();
  let kept: Backup | null = null;
  return {
    url: 'http://limber.test', fetch: server.fetch, token: () => server.token, now: () => server.now,
    pass: (ms) => { server.now += ms; },
    prune: async () => server.prune(),
    backup: async () => { kept = server.backup(); },
    restore: async (newEpoch) => server.restore(kept!, newEpoch),
    state: async () => server.state(),
    digest: async () => server.digest().digest as string,
  };
}

/** A new account on the real server, by way of the process that controls it. */
async function real(control: string): Promise<Ground> {
  const ask = async (path: string): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${control}/${path}`, { method: 'POST' });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json() as Promise<Record<string, unknown>>;
  };
  const { account, server, token } = (await ask('account')) as Record<string, string>;
  return {
    url: server!, fetch, token: () => token!, now: () => Date.now(), pass: () => undefined,
    prune: async () => void (await ask(`${account}/prune`)),
    backup: async () => void (await ask(`${account}/backup`)),
    restore: async (newEpoch) => void (await ask(`${account}/restore${newEpoch ? '/epoch' : ''}`)),
    state: () => stateOf(server!, token!),
    digest: async () => {
      const answer = await fetch(`${server}/v1/sync/digest?stream=account`, { headers: { Authorization: `Bearer ${token}` } });
      return ((await answer.json()) as { digest: string }).digest;
    },
  };
}

/** What a device that holds nothing is told. */
async function stateOf(server: string, token: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (let cursor: string | null = null, more = true; more;) {
    const body = JSON.stringify({ device: 'ffffffffffffffff', protocol: 1, cursors: { account: cursor } });
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${server}/v1/sync`, { method: 'POST', headers, body });
    const { account } = (await answer.json()) as { account: { changes: Change[]; cursor: string; more: boolean } };
    for (const { collection, id, deleted, data } of account.changes) {
      if (deleted) delete found[`${collection}/${id}`];
      else found[`${collection}/${id}`] = data;
    }
    ({ cursor, more } = account);
  }
  return found;
}

interface Change { readonly collection: string; readonly id: string; readonly deleted: boolean; readonly data: unknown }

let told = 0;

test('any story ends well', async () => {
  // No story needs the disk: a phone that is killed is one that goes no further.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'limber-stories-'));
  try {
    await fc.assert(
      fc.asyncProperty(stories, fc.integer({ min: 1, max: 4 }), async (steps, limit) => {
        told += 1;
        const world = new World(CONTROL === undefined ? inMemory() : await real(CONTROL), folder, `story-${told}`, limit);
        await world.begin();
        try {
          for (const each of steps) await world.play(each);
          await world.meet();
        } finally {
          await world.end();
        }
      }),
      { numRuns: STORIES, seed: SEED, endOnFailure: false },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 600_000);

// In memory there is no release: catalogue.test.ts has what can be played.
(CONTROL === undefined ? test.skip : test)('the catalogue that a real server signed comes in the same round trip, and the account is in step', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'limber-real-'));
  const ground = await real(CONTROL!);
  const options = { folder, server: ground.url, fetch, wallMs: Date.now, token: ground.token };
  const one = await start({ ...options, name: 'one' });
  await one.store.write([{ collection: 'profile', id: 'me', set: { level: 'trained', conditions: ['osteoporosis'], later_field: { kept: 1.5 } } }]);
  const id = await one.store.create('routine', { title: 'Morgen ü', favourite: true, order: 1 / 3 });
  const two = await start({ ...options, name: 'two' });
  for (const phone of [one, two]) {
    expect(await phone.engine.now()).toMatchObject({ phase: 'idle', waiting: 0, refused: 0, detail: null });
    expect(phone.engine.last()).toMatchObject({ catalog: 'applied', problem: null, trip: { checked: true } });
    const { release, documents } = await phone.store.catalog();
    expect([release, documents.length > 300]).toEqual([1, true]);
    expect(await phone.store.get('routine', id)).toEqual({ id, data: { title: 'Morgen ü', favourite: true, order: 1 / 3 } });
  }
  await one.engine.now();
  expect(one.engine.last()).toMatchObject({ account: 'synced', catalog: 'unchanged' });
  for (const phone of [one, two]) await phone.kill();
  rmSync(folder, { recursive: true });
}, 60_000);
