import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot/context';
import { KINDS, MINUTES } from '@/domain/ask';
import { plannedField, plannedOf, timeOf } from '@/domain/reminders';
import { codes } from '@/generator/catalog';
import { longDay, moment } from '@/i18n/dates';
import { useLabels } from '@/i18n/labels';
import { useRecord, useStore } from '@/store/hooks';
import { entropy } from '@/store/entropy';
import { uuid7 } from '@/store/uuid';
import { Button, Choice, Field, IconButton, Row, Section, Sheet, Slider, Text } from '@/ui';

/** Days ahead that can be chosen. */
const AHEAD = 14;

/** Sessions put into the week: shown here, and said five minutes before. */
export function Plans() {
  const { t, i18n } = useTranslation('settings');
  const { label } = useLabels();
  const store = useStore();
  const record = useRecord('preferences', 'planned');
  const [adding, setAdding] = useState(false);
  const plans = useMemo(() => plannedOf(record?.data ?? {}, new Date()), [record]);
  const remove = (id: string) => void store.write([{ collection: 'preferences', id: 'planned', set: { [plannedField(id)]: null } }]);
  return (
    <Section title={t('reminders.plans')} detail={t('reminders.plansText')}>
      {plans.length === 0 ? <Text soft>{t('reminders.plansNone')}</Text> : null}
      <View>
        {plans.map((one) => {
          const what = one.activity ? `${label('activities', one.activity)} · ${label('kinds', one.kind)}` : label('kinds', one.kind);
          return (
            <Row key={one.id} icon="calendar" title={what}
              detail={`${moment(new Date(one.at), i18n.language)} · ${t('reminders.minutesValue', { count: Math.round(one.budget_s / 60) })}`}
              end={<IconButton icon="trash" label={`${t('reminders.remove')}: ${what}`} onPress={() => remove(one.id)} />} />
          );
        })}
      </View>
      <Button kind="quiet" icon="plus" label={t('reminders.planAdd')} onPress={() => setAdding(true)} />
      {adding ? <PlanSheet onClose={() => setAdding(false)} /> : null}
    </Section>
  );
}

function isPast(at: Date): boolean {
  return at.getTime() <= Date.now();
}

function newField(): string {
  return plannedField(uuid7(Date.now(), entropy(10)));
}

function PlanSheet({ onClose }: { onClose: () => void }) {
  const { t, i18n } = useTranslation('settings');
  const { catalog } = useLimber();
  const { label } = useLabels();
  const store = useStore();
  const [today] = useState(() => new Date());
  const [ahead, setAhead] = useState(0);
  const [time, setTime] = useState('18:00');
  const [kind, setKind] = useState<string>('warmup');
  const [activity, setActivity] = useState('none');
  const [minutes, setMinutes] = useState(10);
  const [wrong, setWrong] = useState<'timeWrong' | 'past' | null>(null);
  const read = timeOf(time);
  const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() + ahead);
  const [hour, minute] = (read ?? '00:00').split(':').map(Number) as [number, number];
  const at = new Date(day.getFullYear(), day.getMonth(), day.getDate(), hour, minute);
  const save = (): void => {
    if (read === null || isPast(at)) return setWrong(read === null ? 'timeWrong' : 'past');
    const plan = { at: at.toISOString(), kind, activity: activity === 'none' ? null : activity, budget_s: minutes * 60 };
    void store.write([{ collection: 'preferences', id: 'planned', set: { [newField()]: plan } }]);
    onClose();
  };
  return (
    <Sheet open onClose={onClose} title={t('reminders.planAdd')} footer={<Button label={t('reminders.plan')} onPress={save} wide />}>
      <Slider label={t('reminders.day')} min={0} max={AHEAD} step={1} value={ahead} text={longDay(day, i18n.language)} onChange={setAhead} />
      <Field kind="time" label={t('reminders.time')} value={time} onChange={setTime}
        error={wrong === null ? null : t(`reminders.${wrong}`)} />
      <Choice label={t('reminders.kind')} options={KINDS.map((value) => ({ value: value as string, label: label('kinds', value) }))} value={kind} onChange={setKind} />
      <Slider label={t('reminders.minutes')} min={MINUTES.min} max={MINUTES.max} step={1} value={minutes} text={t('reminders.minutesValue', { count: minutes })} onChange={setMinutes} />
      <Choice label={t('reminders.activity')} value={activity} onChange={setActivity}
        options={[{ value: 'none', label: t('reminders.noActivity') }, ...codes(catalog, 'activities').map((value) => ({ value, label: label('activities', value) }))]} />
    </Sheet>
  );
}
