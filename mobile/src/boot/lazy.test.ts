import type { Catalog } from '@/generator/catalog';
import type { Maker } from '@/generator/maker';
import type { Sync, SyncState } from '@/sync/types';

import { lazyMaker } from './lazyMaker';
import { lazySync } from './lazySync';

const CATALOG = { release: 1 } as Catalog;

function maker(): Maker {
  return {
    catalog: { release: 2 } as Catalog, model: 'abc', runtime: 'test',
    make: async (payload) => ({ payload }) as never, learn: async () => 'learned', tastes: async () => [],
    countOutcomes: async () => undefined,
  };
}

test('the model is loaded once, by whoever asks first, and its catalogue counts from then on', async () => {
  const open = jest.fn(async () => maker());
  const lazy = lazyMaker(open, () => CATALOG);
  expect([lazy.phase, lazy.catalog.release, lazy.model]).toEqual(['loading', 1, '']);
  expect(open).not.toHaveBeenCalled();
  await Promise.all([lazy.learn(null, []), lazy.tastes(null), lazy.ready()]);
  expect(open).toHaveBeenCalledTimes(1);
  expect([lazy.phase, lazy.catalog.release, lazy.model]).toEqual(['ready', 2, 'abc']);
});

test('a model that could not be loaded is said to have failed, and loaded at the next asking', async () => {
  let broken = true;
  const told = jest.fn();
  const lazy = lazyMaker(async () => {
    if (broken) throw new Error('no file');
    return maker();
  }, () => CATALOG);
  lazy.subscribe(told);
  await expect(lazy.ready()).rejects.toThrow('no file');
  expect([lazy.phase, told.mock.calls.length]).toEqual(['failed', 1]);
  broken = false;
  await lazy.ready();
  expect(lazy.phase).toBe('ready');
});

const WAITING: SyncState = { phase: 'offline', waiting: 3, refused: 0, lastAt: null, detail: null };

function engine(): Sync & { stopped: boolean } {
  return {
    stopped: false, state: () => WAITING, subscribe: () => () => undefined, now: async () => WAITING,
    stop() { this.stopped = true; },
  };
}

test('before the sync runs its state is calm, and it hands over to the engine', async () => {
  const sync = lazySync(true);
  expect(sync.state()).toMatchObject({ phase: 'idle', waiting: 0 });
  expect(await sync.now()).toMatchObject({ phase: 'idle' });
  const told = jest.fn();
  sync.subscribe(told);
  sync.become(engine());
  expect(told).toHaveBeenCalled();
  expect(sync.state()).toBe(WAITING);
});

test('an engine that comes after the store was handed to another tab is stopped at once', () => {
  const [sync, late] = [lazySync(false), engine()];
  sync.stop();
  sync.become(late);
  expect(late.stopped).toBe(true);
  expect(sync.state().phase).toBe('signed-out');
});
