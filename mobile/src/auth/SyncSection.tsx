import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { useRefusals } from '@/store/hooks';
import type { Refusal } from '@/store/types';
import { useSyncState } from '@/sync/hooks';
import { Button, Notice, Section, space, Text } from '@/ui';

/** Where the sync stands, always visible and calm, and what the server would not take. */
export function SyncSection() {
  const { t, i18n } = useTranslation('account');
  const { sync } = useLimber();
  const { phase, waiting, lastAt, detail } = useSyncState(sync);
  const alone = phase === 'signed-out';
  const when = lastAt === null
    ? t('sync.never')
    : t('sync.last', { when: new Date(lastAt).toLocaleString(i18n.language, { dateStyle: 'medium', timeStyle: 'short' }) });
  return (
    <Section title={t('sync.title')}>
      <Text live>{t(`sync.phase.${phase}`)}</Text>
      {detail !== null && <Text soft>{detail}</Text>}
      <Text soft>{t(alone ? 'sync.here' : 'sync.waiting', { count: waiting })}</Text>
      {!alone && <Text soft kind="small">{when}</Text>}
      {!alone && (
        <Button label={t('sync.now')} icon="sync" kind="quiet" busy={phase === 'syncing'} onPress={() => void sync.now()} />
      )}
      <Refused />
    </Section>
  );
}

function Refused() {
  const { t } = useTranslation('account');
  const { store } = useLimber();
  const refusals = useRefusals() ?? [];
  if (refusals.length === 0) return null;
  const what = ({ change, detail, field }: Refusal): string =>
    t('refused.what', { collection: t(`collection.${change.collection}`), detail: field === null ? detail : `${field}: ${detail}` });
  return (
    <Notice kind="warn" title={t('refused.title', { count: refusals.length })}>
      {refusals.map((refusal) => (
        <View key={refusal.place} style={{ gap: space(2) }}>
          <Text>{what(refusal)}</Text>
          <Button label={t('refused.again')} kind="quiet" onPress={() => void store.sendAgain(refusal.place)} />
          <Button label={t('refused.drop')} kind="plain" onPress={() => void store.drop(refusal.place)} />
        </View>
      ))}
    </Notice>
  );
}
