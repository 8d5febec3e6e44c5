/** The sync before it runs: it starts after the first screen stands, and screens show its state from the beginning. */

import type { Sync, SyncState } from '@/sync/types';

export interface LazySync extends Sync {
  /** Hands over to the engine. */
  become(engine: Sync): void;
}

export function lazySync(signedIn: boolean): LazySync {
  const before: SyncState = { phase: signedIn ? 'idle' : 'signed-out', waiting: 0, refused: 0, lastAt: null, detail: null };
  let engine: Sync | null = null;
  let stopped = false;
  const listeners = new Set<() => void>();
  const tell = (): void => listeners.forEach((listener) => listener());
  return {
    become(started) {
      if (stopped) return started.stop();
      engine = started;
      engine.subscribe(tell);
      tell();
    },
    state: () => engine?.state() ?? before,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    now: async () => engine?.now() ?? before,
    stop() {
      stopped = true;
      engine?.stop();
    },
  };
}
