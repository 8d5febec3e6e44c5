import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import type { Reminder } from '@/domain/reminders';
import { moment, weekday } from '@/i18n/dates';
import { useLabels } from '@/i18n/labels';
import { askPermission, permission } from '@/reminders/notices';
import { useNoticeText, useUpcoming } from '@/reminders/QuietWork';
import type { Permission } from '@/reminders/types';
import { useRecord, useStore } from '@/store/hooks';
import { Button, Notice, Row, Screen, Section, Text } from '@/ui';

import { Plans } from './Plans';
import { ReminderSheet } from './ReminderSheet';

/** docs/sync-records.md: at most 20. */
const MOST = 20;

/** When to remind, what is planned, and what comes next of both. */
export function RemindersScreen() {
  const { t, i18n } = useTranslation('settings');
  const { label } = useLabels();
  const store = useStore();
  const reminders = useRecord<{ reminders: readonly Reminder[] | null }>('preferences', 'reminders')?.data.reminders ?? [];
  const [editing, setEditing] = useState<number | null>(null);
  const set = (list: readonly Reminder[]): void => {
    setEditing(null);
    void store.write([{ collection: 'preferences', id: 'reminders', set: { reminders: list } }]);
  };
  const days = (list: readonly number[]): string => {
    if (list.length === 7) return t('reminders.every');
    if (list.length === 5 && list.every((day) => day <= 5)) return t('reminders.weekdays');
    return list.map((day) => weekday(day, i18n.language)).join(', ');
  };
  const put = (at: number, one: Reminder): void => set(at < reminders.length ? reminders.map((old, n) => (n === at ? one : old)) : [...reminders, one]);
  return (
    <Screen title={t('reminders.title')} back="/you">
      <Section title={t('reminders.list')} detail={t('reminders.text')}>
        {reminders.length === 0 ? <Text soft>{t('reminders.none')}</Text> : null}
        <View>
          {reminders.map((one, n) => (
            <Row key={`${n}${one.time}`} icon="bell" title={`${one.time} · ${label('kinds', one.kind ?? 'mobility')}`} detail={days(one.days)} onPress={() => setEditing(n)} />
          ))}
        </View>
        {reminders.length < MOST ? (
          <Button kind="quiet" icon="plus" label={t('reminders.add')} onPress={() => setEditing(reminders.length)} />
        ) : <Text soft>{t('reminders.max')}</Text>}
        {reminders.length > 0 ? <Allowing /> : null}
      </Section>
      <Next />
      <Plans />
      {editing === null ? null : (
        <ReminderSheet
          kept={reminders[editing] ?? null}
          onClose={() => setEditing(null)}
          onSave={(one) => put(editing, one)}
          onRemove={() => set(reminders.filter((_, n) => n !== editing))}
        />
      )}
    </Screen>
  );
}

/** Whether the phone may ring, and how to let it. */
function Allowing() {
  const { t } = useTranslation('settings');
  const [given, setGiven] = useState<Permission | null>(null);
  useEffect(() => {
    permission().then(setGiven, () => setGiven('none'));
  }, []);
  if (given === null || given === 'granted') return null;
  if (given === 'none') return <Text kind="small" soft>{t('reminders.web')}</Text>;
  if (given === 'denied') return <Notice kind="warn" title={t('reminders.denied')} />;
  return (
    <Notice kind="info" title={t('reminders.allowText')}
      action={<Button kind="quiet" label={t('reminders.allow')} onPress={() => void askPermission(t('reminders.list')).then(setGiven)} />} />
  );
}

/** The words of the coming days, so that one sees that they differ. */
function Next() {
  const { t, i18n } = useTranslation('settings');
  const now = useMemo(() => new Date(), []);
  const say = useNoticeText();
  const next = useUpcoming(now)?.slice(0, 4) ?? [];
  if (next.length === 0) return null;
  return (
    <Section title={t('reminders.next')}>
      <View>
        {next.map((one) => <Row key={one.id} title={say(one)} detail={moment(one.at, i18n.language)} />)}
      </View>
    </Section>
  );
}
