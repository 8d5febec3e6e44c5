/** The sync of this device: `startSync` in the app, `createEngine` where nothing may happen by itself. */

import type { Models } from '@/generator/models';
import type { Store } from '@/store/types';

import { createEngine } from './engine';
import { LISTENS, startTriggers } from './triggers';
import type { Credentials, Sync } from './types';

export { useSyncState } from './hooks';
export type { Credentials, Sync, SyncPhase, SyncState } from './types';

/** Syncs now, and from then on by itself: after changes, when the network or the person comes back, and in time. */
export function startSync(store: Store, credentials: Credentials, models: Models | null): Sync {
  const engine = createEngine(store, credentials, models, { live: LISTENS });
  const stopTriggers = startTriggers(engine);
  void engine.now();
  return {
    ...engine,
    stop: () => {
      stopTriggers();
      engine.stop();
    },
  };
}
