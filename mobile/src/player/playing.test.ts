/** On the real store: what is played survives a kill, and what it leaves behind is written once and whole. */

import { openDatabaseAsync } from 'expo-sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LearnRow } from '@/domain/after';
import { finish, hurts, leftS, rate, tick, type Play } from '@/domain/play';
import type { Item } from '@/generator/decode';
import type { Made } from '@/generator/maker';
import { storeOver } from '@/store/open';
import type { Store } from '@/store/types';

import { readSession, reopened, savePlay, settle, settleLeftover, startPlaying, writePain } from './playing';

const item = (slug: string, propensity = 1): Item => ({
  slug, phase: 'raise', position: 'standing', sets: 1, work_s_per_side: 20, sides: 1, reps: null, rest_s: 0, transition_s: 5,
  reason: 'Because.', rules: [], propensity, score: 0, parts: {},
});
const MADE: Made = {
  routine: {
    status: 'ok', warnings: [], budget_s: 300, total_s: 75, model: 'sha256:ab', catalog: 1, seed: 1,
    items: [item('march'), item('calf', 0.2), item('neck')], missing: {}, left_out: [],
  },
  payload: { request: { kind: 'mobility', activity: 'run_distance', budget_s: 300 }, seed: 1 },
  model: 'a'.repeat(64), catalog: 1, instead: {},
};
const AT = '2026-01-09T18:30:00.000Z';

let folder: string;
let store: Store;
let taught: LearnRow[][];
const counted: unknown[] = [];
const maker = {
  countOutcomes: async (model: string, counts: object) => void counted.push([model, counts]),
  learn: async (learned: string | null, rows: readonly LearnRow[]) => {
    taught.push([...rows]);
    return `${learned ?? ''}+${rows.length}`;
  },
};

async function open(): Promise<Store> {
  return storeOver(await openDatabaseAsync('limber.db', undefined, folder), {
    bundled: { digest: 'd1', read: async () => ({ release: 1, documents: [] }) },
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'limber-player-'));
  store = await open();
  taught = [];
});
afterEach(async () => {
  await store.close().catch(() => undefined);
  rmSync(folder, { recursive: true });
});

const start = () => startPlaying(store, maker, MADE, MADE.routine.items);
const played = async (change: (play: Play) => Play): Promise<void> => {
  const session = await readSession(store);
  await savePlay(store)(change(session!.play));
};

test('after a kill it waits at the very second it was at', async () => {
  await start();
  expect((await reopened(store))!.play.paused).toBeNull();
  await played((play) => tick(play, 12_340, AT));
  await store.close();
  store = await open();
  const again = (await reopened(store))!;
  expect([again.play.paused, leftS(again.play)]).toEqual(['away', 63]);
});

test('done leaves a session, feedback and what was learnt, and nothing to play', async () => {
  await start();
  const id = (await readSession(store))!.play.id;
  await played((play) => rate(tick(play, 75_000, AT), 1, 1));
  await settle(store, maker, (await readSession(store))!, 3);
  const [session] = await store.list<Record<string, unknown>>('session');
  expect(session).toMatchObject({ id, data: { id, rpe: 3, completed_s: 75, model: MADE.model, catalog: 1, payload: MADE.payload } });
  expect((session!.data.slots as { rating: number | null }[]).map(({ rating }) => rating)).toEqual([null, 1, null]);
  const feedback = await store.list<Record<string, unknown>>('feedback');
  expect(feedback.map(({ data }) => [data.about, data.slug, data.rpe, data.rating]).sort()).toEqual([
    ['exercise', 'calf', undefined, 1], ['session', undefined, 3, undefined],
  ]);
  expect((await store.get('preferences', 'learned'))?.data).toEqual({ learned: '+3' });
  expect(counted.at(-1)).toEqual([MADE.model, expect.objectContaining({ completed: expect.any(Number), pain: 0 })]);
  expect(await readSession(store)).toBeNull();
});

test('a kill between writing and forgetting writes nothing twice', async () => {
  await start();
  await played((play) => tick(play, 75_000, AT));
  const session = (await readSession(store))!;
  await settle(store, maker, session, 3);
  await store.remember('playing', session.playing);
  await store.remember('playing.place', session.play);
  await settleLeftover(store, maker);
  expect(await store.list('session')).toHaveLength(1);
  expect(taught).toHaveLength(1);
  expect(await readSession(store)).toBeNull();
});

test('a new routine keeps what was done of the one before', async () => {
  await start();
  await played((play) => tick(play, 30_000, AT));
  await start();
  const sessions = await store.list<Record<string, unknown>>('session');
  expect(sessions.map(({ data }) => [data.rpe, data.completed_s])).toEqual([[null, 25]]);
  expect((await readSession(store))!.play.at.ms).toBe(0);
});

test('a routine that was only looked at leaves nothing', async () => {
  await start();
  await played((play) => finish(tick(play, 3000, AT), AT));
  await settleLeftover(store, maker);
  expect(await store.list('session')).toEqual([]);
  expect(taught).toEqual([]);
});

test('pain is in the profile at once, beside what was there', async () => {
  await writePain(store, 'knee', 3);
  await writePain(store, 'ankle', 6);
  const pain = (await store.get<{ pain: Record<string, { level: number }> }>('profile', 'me'))!.data.pain!;
  expect(Object.entries(pain).map(([region, { level }]) => [region, level]).sort()).toEqual([['ankle', 6], ['knee', 3]]);
});

test('pain of the session is in its slot and its feedback', async () => {
  await start();
  await played((play) => finish(hurts(tick(play, 9000, AT), { region: 'ankle', level: 6 }, () => true), AT));
  await settle(store, maker, (await readSession(store))!, null);
  const [session] = await store.list<{ slots: { outcome: string; pain: number }[] }>('session');
  expect(session!.data.slots).toMatchObject([{ outcome: 'stopped_by_pain', pain: 6 }]);
  const [feedback] = await store.list('feedback');
  expect(feedback!.data).toMatchObject({ about: 'exercise', slug: 'march', pain: 6, regions: ['ankle'] });
});

test('a learner that cannot run does not cost the session', async () => {
  await start();
  await played((play) => tick(play, 75_000, AT));
  await settle(store, { ...maker, learn: () => Promise.reject(new Error('no runtime')) }, (await readSession(store))!, 5);
  expect(await store.list('session')).toHaveLength(1);
  expect(await store.get('preferences', 'learned')).toBeNull();
});

test('settings are the pace of the next routine', async () => {
  await store.write([{ collection: 'preferences', id: 'player', set: { get_ready_s: 20, switch_s: 10 } }]);
  await start();
  const { play } = (await readSession(store))!;
  expect([play.pace, leftS(play)]).toEqual([{ readyS: 20, switchS: 10 }, 120]);
});
