/** What screens show of the sync, live. */

import { useSyncExternalStore } from 'react';

import type { Sync, SyncState } from './types';

export function useSyncState(sync: Sync): SyncState {
  return useSyncExternalStore(sync.subscribe, sync.state, sync.state);
}
