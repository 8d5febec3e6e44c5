/** When the sync comes again by itself, and what wakes it. Time is the test's. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { openDatabaseAsync } from '../../test/expo-sqlite';
import { json, SyncServer } from '../../test/syncServer';
import { storeOver } from '../store/open';
import type { Store } from '../store/types';
import { createEngine, type Engine } from './engine';
import { listen } from './live';

const bundled = { digest: 'none', read: async () => ({ release: 1, documents: [] }) };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Timers that fire when told to. */
class Timers {
  private readonly waiting = new Map<number, { at: number; work: () => void }>();
  private next = 0;
  constructor(private readonly now: () => number) {}
  readonly after = (ms: number, work: () => void): (() => void) => {
    const id = (this.next += 1);
    this.waiting.set(id, { at: this.now() + ms, work });
    return () => void this.waiting.delete(id);
  };
  /** Milliseconds until each. */
  due(): number[] {
    return [...this.waiting.values()].map(({ at }) => at - this.now()).sort((a, b) => a - b);
  }
  fire(): void {
    for (const [id, { at, work }] of [...this.waiting]) {
      if (at > this.now()) continue;
      this.waiting.delete(id);
      work();
    }
  }
}

describe('by the clock', () => {
  let server: SyncServer;
  let timers: Timers;
  let store: Store;
  let engine: Engine;
  let online: boolean;
  let token: string | null;

  beforeEach(async () => {
    server = new SyncServer();
    timers = new Timers(() => server.now);
    online = true;
    token = server.token;
    store = await storeOver(await openDatabaseAsync('x'), { bundled, wallMs: () => server.now });
    const fetcher: typeof fetch = (...request) => (online ? server.fetch(...request) : Promise.reject(new TypeError('offline')));
    engine = createEngine(store, { server: 'http://limber.test', token: async () => token }, null, { fetcher, after: timers.after });
  });
  afterEach(() => engine.stop());

  test('it comes again when the server said so', async () => {
    await engine.now();
    expect(timers.due()).toEqual([900_000]);
    const asked = server.requests.length;
    server.now += 900_000;
    timers.fire();
    await engine.now();
    expect(server.requests.length).toBeGreaterThan(asked);
  });

  test('looking at the app again syncs only when it is time', async () => {
    await engine.now();
    const asked = server.requests.length;
    server.now += 60_000;
    await engine.due();
    expect(server.requests.length).toBe(asked);
    server.now += 900_000;
    await engine.due();
    expect(server.requests.length).toBeGreaterThan(asked);
  });

  test('a change is sent soon, and many of them together', async () => {
    await engine.now();
    for (const level of ['beginner', 'trained']) await store.write([{ collection: 'profile', id: 'me', set: { level } }]);
    await settled();
    expect(timers.due()).toEqual([3_000]);
    const asked = server.requests.length;
    server.now += 3_000;
    timers.fire();
    await engine.now();
    expect(engine.state().waiting).toBe(0);
    expect(server.requests.length).toBe(asked + 1);
  });

  test('a server that cannot be reached is tried again, less and less often, and at once when asked', async () => {
    online = false;
    const waits: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      expect((await engine.now()).phase).toBe('offline');
      waits.push(...timers.due());
    }
    expect(waits).toEqual([5_000, 15_000, 60_000, 300_000, 300_000]);
    online = true;
    expect((await engine.now()).phase).toBe('idle');
    expect(timers.due()).toEqual([900_000]);
  });

  test('somebody who is signed out waits for nothing and sends nothing', async () => {
    token = null;
    await engine.now();
    await store.write([{ collection: 'profile', id: 'me', set: { level: 'trained' } }]);
    await settled();
    expect(timers.due().every((ms) => ms > 3_000)).toBe(true);
    expect(server.requests).toEqual([]);
  });

  test('two who ask at once share one sync', async () => {
    const [one, two] = [engine.now(), engine.now()];
    expect(await one).toBe(await two);
    expect(engine.state().phase).toBe('idle');
  });

  test('the state is told when it changes, and shows what an earlier launch knew', async () => {
    const phases: string[] = [];
    engine.subscribe(() => phases.push(engine.state().phase));
    await engine.now();
    expect(phases).toContain('syncing');
    expect(phases[phases.length - 1]).toBe('idle');
    const later = createEngine(store, { server: 'http://limber.test', token: async () => token }, null, { after: timers.after });
    await settled();
    expect(later.state().lastAt).toBe(server.now);
    later.stop();
  });

  test('erasing forgets when the last sync was, and a sign-in that ended is told apart from none', async () => {
    await engine.now();
    await store.erase();
    expect(engine.state().lastAt).toBeNull();
    const ended = createEngine(store, { server: 'http://limber.test', token: async () => null, ended: () => true }, null, {
      fetcher: async () => json({}, 404), after: timers.after,
    });
    expect((await ended.now()).phase).toBe('sign-in-again');
    ended.stop();
  });

  test('two engines on one store take turns', async () => {
    const other = createEngine(store, { server: 'http://limber.test', token: async () => token }, null, { fetcher: server.fetch, after: timers.after });
    await store.write([{ collection: 'profile', id: 'me', set: { level: 'trained' } }]);
    await Promise.all([engine.now(), other.now()]);
    expect(server.requests.filter(({ patches }) => (patches as unknown[]).length > 0)).toHaveLength(1);
    other.stop();
  });

  test('stopped is stopped', async () => {
    await engine.now();
    engine.stop();
    expect(timers.due()).toEqual([]);
    const asked = server.requests.length;
    await engine.now();
    await engine.due();
    expect(server.requests.length).toBe(asked);
  });

  test('a token that cannot be had for want of a network signs nobody out', async () => {
    const away = createEngine(store, { server: 'http://limber.test', token: () => Promise.reject(new Error('offline')) }, null, {
      fetcher: async () => json({}, 404), after: timers.after,
    });
    expect((await away.now()).phase).toBe('offline');
    away.stop();
  });
});

describe('by a wake-up', () => {
  let http: Server;
  let requests: { url: string; authorization: string | undefined }[];
  let answer: (write: (text: string) => void, end: () => void) => void;
  let status: number;

  beforeEach(async () => {
    requests = [];
    status = 200;
    answer = () => undefined;
    http = createServer((request, response) => {
      requests.push({ url: request.url!, authorization: request.headers.authorization });
      response.writeHead(status, { 'Content-Type': 'text/event-stream' });
      response.write('retry: 5000\n: listening\n\n');
      answer((text) => response.write(text), () => response.end());
      if (status !== 200) response.end();
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });

  function open(timers: Timers, onWake: () => void, token = async (renew: boolean) => (renew ? 'new' : 'old')): () => void {
    return listen({
      url: '/v1/sync/events', server: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, fetcher: fetch, after: timers.after,
      device: async () => '1f2e3d4c5b6a7988', token, onWake,
    });
  }
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await settled();
  };

  test('it syncs when the stream opens and at each event, and a comment says nothing', async () => {
    let say: (text: string) => void = () => undefined;
    answer = (write) => { say = write; };
    let woken = 0;
    const close = open(new Timers(Date.now), () => { woken += 1; });
    await until(() => woken === 1);
    say(': still here\n\n');
    say('event: acc');
    say('ount\ndata: {}\n\n');
    await until(() => woken === 2);
    expect(requests).toEqual([{ url: '/v1/sync/events?device=1f2e3d4c5b6a7988', authorization: 'Bearer old' }]);
    close();
  });

  test('it comes back when the stream ends, and with a new token when it was refused', async () => {
    let now = 0;
    const timers = new Timers(() => now);
    answer = (_, end) => end();
    const close = open(timers, () => undefined);
    await until(() => timers.due().length === 1);
    expect(timers.due()).toEqual([5_000]);
    status = 401;
    now += 5_000;
    timers.fire();
    await until(() => timers.due().length === 1);
    now += 60_000;
    timers.fire();
    await until(() => requests.length === 3);
    expect(requests.map(({ authorization }) => authorization)).toEqual(['Bearer old', 'Bearer old', 'Bearer new']);
    close();
  });
});
