import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';

import { useLimber } from '@/boot';
import type { Refusal } from '@/store/types';
import type { SyncState } from '@/sync/types';

import { AuthFailed, type Account, type AccountState } from './types';

export function useAccount(): { readonly account: Account; readonly state: AccountState } {
  const { account } = useLimber();
  return { account, state: useSyncExternalStore(account.subscribe, account.state, account.state) };
}

export function useSync(): SyncState {
  const { sync } = useLimber();
  return useSyncExternalStore(sync.subscribe, sync.state, sync.state);
}

/** What the server would not take, read anew whenever their number changes. */
export function useRefusals(): readonly Refusal[] {
  const { store } = useLimber();
  const { refused } = useSync();
  const [found, setFound] = useState<readonly Refusal[]>([]);
  useEffect(() => {
    let current = true;
    void store.refusals().then((refusals) => current && setFound(refusals));
    return () => {
      current = false;
    };
  }, [store, refused]);
  return found;
}

/** One thing at a time that can fail: `run` it; `busy` meanwhile, and afterwards what went wrong. */
export function useAttempt(): {
  readonly busy: boolean;
  readonly failure: unknown;
  run(work: () => Promise<unknown>): Promise<boolean>;
} {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
      return true;
    } catch (error) {
      setFailure(error);
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, failure, run };
}

/** The sentence for what went wrong. */
export function failureText(t: (key: string, values?: Record<string, string>) => string, failure: unknown): string {
  if (failure instanceof AuthFailed) return t(`auth.failed.${failure.reason}`, { detail: failure.detail }).trim();
  if (failure instanceof TypeError) return t('auth.failed.offline');
  return t('data.failed', { detail: failure instanceof Error ? failure.message : String(failure) });
}
