import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import { useSyncState } from '@/sync/hooks';

/** A calm word on the sync where there is something to know, null where all is well or nobody is signed in. */
export function useSyncWord(): string | null {
  const { t } = useTranslation('common');
  const { sync } = useLimber();
  const { phase, waiting, refused } = useSyncState(sync);
  if (phase === 'signed-out') return null;
  if (phase === 'sign-in-again') return t('sync.again');
  if (phase === 'update-needed') return t('sync.update');
  if (refused > 0) return t('sync.refused', { count: refused });
  if (waiting > 0) return t('sync.waiting', { count: waiting });
  return null;
}
