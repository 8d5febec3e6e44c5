import { useRouter } from 'expo-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { firstAsk, mended, type AskMemory } from '@/domain/ask';
import { keptOrder, openKept, type KeptRoutine } from '@/domain/kept';
import { useLocalState, useRecords } from '@/store/hooks';
import type { Rec } from '@/store/types';
import { Button, Confirm, Empty, Field, IconButton, Row, Screen, Sheet, useTheme } from '@/ui';

import { openRoutine } from './current';
import { useRoutineWords } from './words';

/** Routines that somebody keeps; each is checked anew when it is opened. */
export function KeptScreen() {
  const { t } = useTranslation('routine');
  const theme = useTheme();
  const router = useRouter();
  const limber = useLimber();
  const words = useRoutineWords();
  const records = useRecords<KeptRoutine>('routine');
  const memory = useLocalState<AskMemory>('ask');
  const [chosen, setChosen] = useState<Rec<KeptRoutine> | null>(null);
  if (records === undefined || memory.loading) return null;
  const open = (record: Rec<KeptRoutine>): void => {
    const opened = openKept(record, mended(memory.value?.last ?? firstAsk(), limber.catalog));
    if (opened === null) return;
    void openRoutine(limber, {
      ...opened, ask: mended(opened.ask, limber.catalog), plan: record.data.plan, routine: record.id, title: record.data.title ?? null, from: 'kept',
    });
    router.push('/routine');
  };
  const kept = keptOrder(records);
  return (
    <Screen title={t('kept.title')} back>
      {kept.length === 0 ? (
        <Empty title={t('kept.empty')} icon="heart" action={<Button label={t('none.button')} onPress={() => router.replace('/')} />}>
          {t('kept.emptyText')}
        </Empty>
      ) : null}
      <View role="list">
        {kept.map((record) => {
          const name = record.data.title ?? t('actions');
          return (
            <View key={record.id} role="listitem" style={{ flexDirection: 'row', alignItems: 'center', gap: theme.space(2), borderBottomWidth: 1, borderColor: theme.color.line }}>
              <View style={{ flex: 1, minWidth: 0 }}>
                <Row
                  title={name}
                  detail={t('above', { time: words.minutes(record.data.budget_s ?? 0), count: record.data.items?.length ?? 0 })}
                  icon={record.data.favourite ? 'star' : 'heart'}
                  onPress={() => open(record)}
                />
              </View>
              <IconButton icon="more" label={t('kept.options', { name })} onPress={() => setChosen(record)} />
            </View>
          );
        })}
      </View>
      {chosen ? <Options record={chosen} onClose={() => setChosen(null)} /> : null}
    </Screen>
  );
}

function Options({ record, onClose }: { record: Rec<KeptRoutine>; onClose: () => void }) {
  const { t } = useTranslation('routine');
  const { store } = useLimber();
  const [name, setName] = useState(record.data.title ?? '');
  const [sure, setSure] = useState(false);
  const write = async (work: Promise<void>): Promise<void> => {
    await work;
    onClose();
  };
  if (sure) {
    return (
      <Confirm
        open
        danger
        title={t('kept.deleteTitle')}
        action={t('kept.delete')}
        onClose={onClose}
        onConfirm={() => void write(store.write([{ collection: 'routine', id: record.id, delete: true }]))}
      >
        {t('kept.deleteText')}
      </Confirm>
    );
  }
  return (
    <Sheet open onClose={onClose} title={record.data.title ?? t('actions')}>
      <Field label={t('kept.name')} value={name} onChange={setName} maxLength={120} />
      <Button
        label={t('common:save')}
        disabled={name.trim() === ''}
        onPress={() => void write(store.write([{ collection: 'routine', id: record.id, set: { title: name.trim() } }]))}
      />
      <Button kind="danger" icon="trash" label={t('kept.delete')} onPress={() => setSure(true)} />
    </Sheet>
  );
}
