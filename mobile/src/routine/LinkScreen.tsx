import { useRouter } from 'expo-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import { firstAsk, mended, MINUTES, type AskMemory } from '@/domain/ask';
import { totalS } from '@/domain/draft';
import { LinkInvalid, readLink, type Shared } from '@/domain/shared';
import { Button, Empty, Screen, Spinner } from '@/ui';

import { openRoutine } from './current';
import { useFragment } from './fragment';

/** A routine that came by a link: read here, checked for this person, shown. Nothing of it goes to a server. */
export function LinkScreen() {
  const { t } = useTranslation('routine');
  const router = useRouter();
  const limber = useLimber();
  const fragment = useFragment();
  const [invalid, setInvalid] = useState(false);
  useEffect(() => {
    if (fragment === undefined) return;
    const open = async (): Promise<void> => {
      const shared = readLink(fragment);
      const memory = await limber.store.recall<AskMemory>('ask');
      const profile = await limber.store.get<{ equipment: readonly string[] }>('profile', 'me');
      const place = mended(memory?.last ?? firstAsk([], profile?.data.equipment ?? []), limber.catalog);
      void openRoutine(limber, {
        ask: mended({ ...place, kind: shared.kind, activity: shared.activity, minutes: minutesOf(shared), startsIn: null }, limber.catalog),
        items: shared.items, title: shared.title, from: 'link',
      });
      router.replace('/routine');
    };
    open().catch((error: unknown) => {
      if (!(error instanceof LinkInvalid)) throw error;
      setInvalid(true);
    });
  }, [fragment, limber, router]);
  return (
    <Screen title={t('link.title')} back hideTitle>
      {invalid ? (
        <Empty title={t('link.invalid')} icon="link" action={<Button label={t('none.button')} onPress={() => router.replace('/')} />}>
          {t('link.invalidText')}
        </Empty>
      ) : (
        <Spinner label={t('link.opening')} />
      )}
    </Screen>
  );
}

function minutesOf({ items }: Shared): number {
  const total = totalS(items.map((item) => ({ ...item, reason: '', rules: [], propensity: 1, score: 0, parts: {} })));
  return Math.min(MINUTES.max, Math.max(MINUTES.min, Math.round(total / 60)));
}
