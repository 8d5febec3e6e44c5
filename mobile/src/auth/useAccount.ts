import { useCallback, useState, useSyncExternalStore } from 'react';

import { useLimber } from '@/boot';

import { AuthFailed, type Account, type AccountState } from './types';

export function useAccount(): { readonly account: Account; readonly state: AccountState } {
  const { account } = useLimber();
  return { account, state: useSyncExternalStore(account.subscribe, account.state, account.state) };
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
