/** The sync that screens see: one at a time, its state always known, tried again by itself. */

import type { Models } from '@/generator/models';
import { recall, remember } from '@/store/meta';
import { insideOf } from '@/store/open';
import { counts } from '@/store/outbox';
import type { Store } from '@/store/types';

import { listen } from './live';
import { early, syncOnce, type OnceReport } from './once';
import { tokenOf, wireTo } from './wire';
import type { Keys } from './trust';
import type { Credentials, Sync, SyncPhase, SyncState } from './types';

/** What triggers use besides. */
export interface Engine extends Sync {
  /** A sync if it is time for one. Never throws. */
  due(): Promise<void>;
  /** The report of the last sync, for tests and reports of faults. */
  last(): OnceReport | null;
}

export interface EngineOptions {
  readonly fetcher?: typeof fetch;
  /** Calls back after milliseconds; returns how to call it off. */
  readonly after?: (ms: number, work: () => void) => () => void;
  /** Keys that came with the app. */
  readonly trusted?: Keys | null;
  /** Most changes in an answer. */
  readonly limit?: number;
  /** Listen for wake-ups while the app is open: where a fetch gives its answer piece by piece. */
  readonly live?: boolean;
}

/** After a change of the person's: long enough for the rest of a screen's changes, short enough to be soon. */
const SOON_MS = 3_000;
const BACKOFF_MS = [5_000, 15_000, 60_000, 300_000] as const;
const LEAST_MS = 1_000;
const MOST_MS = 6 * 3_600_000;
/** Changes in an answer: what a phone reads and writes without a long pause. */
const LIMIT = 200;
const BEFORE: SyncState = { phase: 'idle', waiting: 0, refused: 0, lastAt: null, detail: null };

/** Knows its state after the first turn of the loop; syncs only when told to, by `now`, `due`, a change, or its own timer. */
export function createEngine(store: Store, credentials: Credentials, models: Models | null, options: EngineOptions = {}): Engine {
  const inside = insideOf(store);
  const wire = wireTo(credentials, inside.entropy, options.fetcher ?? ((...request) => fetch(...request)));
  const after = options.after ?? defaultAfter;
  const listeners = new Set<() => void>();
  let state: SyncState = BEFORE;
  let last: OnceReport | null = null;
  let running: Promise<SyncState> | null = null;
  let stopped = false;
  let failures = 0;
  let callOff = (): void => undefined;
  let deaf = (): void => undefined;
  let hearing: string | null = null;

  const show = (change: Partial<SyncState>): void => {
    const next = { ...state, ...change };
    if (JSON.stringify(next) === JSON.stringify(state)) return;
    state = next;
    for (const listener of [...listeners]) listener();
  };

  const count = async (): Promise<void> => {
    const { pending, acked, refused } = await inside.db.read(counts);
    show({ waiting: pending + acked, refused });
  };

  const plan = (ms: number): void => {
    callOff();
    if (!stopped) callOff = after(Math.min(Math.max(ms, LEAST_MS), MOST_MS), () => void due());
  };

  const settle = async (report: OnceReport): Promise<void> => {
    last = report;
    const failed = ['offline', 'failed'].includes(report.account) || (report.account === 'signed-out' && report.catalog === 'skipped');
    failures = failed ? failures + 1 : 0;
    const phase = phaseOf(report);
    let { lastAt } = state;
    if (report.account === 'synced') {
      lastAt = inside.wallMs();
      await inside.db.write((sql) => remember(sql, 'last_sync', lastAt));
    }
    await count();
    if (failures > 0) plan(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1]!);
    else if (phase !== 'sign-in-again' && phase !== 'update-needed') plan((await early(inside, true)) || MOST_MS);
    tune(report);
    show({ phase, lastAt, detail: report.detail }); // last: who is told that it ended may ask for the next
  };

  /** Listen where the answer said, for as long as it says so. */
  const tune = (report: OnceReport): void => {
    const where = options.live && report.account === 'synced' ? report.live : report.account === 'offline' ? hearing : null;
    if (where === hearing || stopped) return;
    deaf();
    hearing = where;
    deaf = (): void => undefined;
    if (where === null) return;
    deaf = listen({
      url: where, server: credentials.server, fetcher: options.fetcher ?? ((...request) => fetch(...request)), after,
      device: () => inside.db.read((sql) => recall<string>(sql, 'device')),
      token: (renew) => tokenOf(credentials, renew),
      onWake: () => void now(),
    });
  };

  const run = async (): Promise<SyncState> => {
    try {
      const wait = await early(inside, false);
      if (wait > 0) {
        show({ phase: 'waiting' });
        plan(wait);
        return state;
      }
      const { trusted = null, limit = LIMIT } = options;
      await settle(await inside.alone(() => syncOnce({ inside, wire, credentials, models, trusted, limit })));
    } catch (error) {
      // A fault of this program or of its database: said, and tried again later like anything else.
      failures += 1;
      show({ phase: 'idle', detail: error instanceof Error ? error.message : String(error) });
      plan(BACKOFF_MS[BACKOFF_MS.length - 1]!);
    }
    return state;
  };

  const now = (): Promise<SyncState> => {
    if (stopped) return Promise.resolve(state);
    if (running !== null) return running;
    show({ phase: 'syncing', detail: null }); // at once: whoever pressed the button sees that it was heard
    running = run().finally(() => {
      running = null;
    });
    return running;
  };

  const due = async (): Promise<void> => {
    if (stopped) return;
    const wait = await early(inside, failures === 0 && state.waiting === 0).catch(() => 0);
    if (wait > 0) plan(wait);
    else await now();
  };

  let era = inside.era();
  const leave = store.subscribe((changed) => {
    if (inside.era() !== era) show({ lastAt: null, detail: null }); // another person's, or nobody's
    era = inside.era();
    const before = state.waiting;
    void count().then(() => {
      // What another device did comes down here too; only what was written here is in a hurry.
      if (state.waiting > before && state.phase !== 'signed-out' && failures === 0 && ![...changed].every(isLocal)) plan(SOON_MS);
    }).catch(() => undefined);
  });

  void (async () => {
    const lastAt = (await inside.db.read((sql) => recall<number>(sql, 'last_sync'))) ?? null;
    show({ lastAt });
    await count();
  })().catch(() => undefined);

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    now,
    due,
    last: () => last,
    stop: () => {
      stopped = true;
      callOff();
      deaf();
      leave();
    },
  };
}

function phaseOf(report: OnceReport): SyncPhase {
  switch (report.account) {
    case 'synced': return 'idle';
    case 'failed': return 'idle';
    default: return report.account;
  }
}

function isLocal(name: string): boolean {
  return name.startsWith('local:') || name === 'catalog';
}

function defaultAfter(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}
