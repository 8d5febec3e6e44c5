/** A device of the sync's tests: a real database file, an engine that does nothing by itself, and a way to die at any statement. */

import { openDatabaseAsync } from './expo-sqlite';
import type { Connection } from '../src/store/db';
import { storeOver } from '../src/store/open';
import type { Store } from '../src/store/types';
import { createEngine, type Engine } from '../src/sync/engine';
import type { Models } from '../src/generator/models';

export const SERVER = 'http://limber.test';

export interface PhoneOptions {
  readonly folder: string;
  /** Name of the database file. */
  readonly name: string;
  readonly fetch: typeof fetch;
  readonly wallMs: () => number;
  readonly token: () => string | null;
  readonly server?: string;
  readonly models?: Models | null;
  readonly limit?: number;
  readonly entropy?: (bytes: number) => Uint8Array;
}

/** The process was killed: nothing after this happened. */
export class Killed extends Error {}

export interface Phone {
  readonly store: Store;
  readonly engine: Engine;
  /** Die at the statement so many from now. */
  killAt(statement: number): void;
  dead(): boolean;
  /** The process ends, without a word; the file stays. */
  kill(): Promise<void>;
}

/** Start the app on this phone's database. */
export async function start(options: PhoneOptions): Promise<Phone> {
  const real = await openDatabaseAsync(options.name, undefined, options.folder);
  let left = Infinity;
  const step = (): void => {
    left -= 1;
    if (left < 0) throw new Killed('killed');
  };
  const connection: Connection = {
    execAsync: async (source) => {
      step();
      await real.execAsync(source);
    },
    runAsync: async (source, values) => {
      step();
      return real.runAsync(source, values);
    },
    getAllAsync: async <T>(source: string, values: (string | number | null)[]) => {
      step();
      return real.getAllAsync<T>(source, values);
    },
    closeAsync: () => real.closeAsync(),
  };
  const bundled = { digest: 'none', read: async () => ({ release: 1, documents: [] }) };
  const store = await storeOver(connection, { wallMs: options.wallMs, entropy: options.entropy, bundled });
  const engine = createEngine(
    store, { server: options.server ?? SERVER, token: async () => options.token() }, options.models ?? null,
    { fetcher: options.fetch, after: () => () => undefined, limit: options.limit },
  );
  return {
    store, engine,
    killAt: (statement) => { left = statement; },
    dead: () => left < 0,
    kill: async () => {
      left = 0;
      engine.stop();
      // What the system does for a process that is gone: libsql's close leaves its transaction open.
      await real.execAsync('ROLLBACK').catch(() => undefined);
      await real.closeAsync().catch(() => undefined);
    },
  };
}
