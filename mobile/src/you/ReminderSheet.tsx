import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { KINDS } from '@/domain/ask';
import { timeOf, type Reminder } from '@/domain/reminders';
import { weekday } from '@/i18n/dates';
import { useLabels } from '@/i18n/labels';
import { Button, Choice, Field, Sheet, Text, useTheme } from '@/ui';

interface Props {
  /** null: a new one. */
  readonly kept: Reminder | null;
  readonly onClose: () => void;
  readonly onSave: (reminder: Reminder) => void;
  readonly onRemove: () => void;
}

const DAYS = ['1', '2', '3', '4', '5', '6', '7'] as const;

export function ReminderSheet({ kept, onClose, onSave, onRemove }: Props) {
  const { t, i18n } = useTranslation('settings');
  const { label } = useLabels();
  const { color } = useTheme();
  const [time, setTime] = useState(kept?.time ?? '');
  const [days, setDays] = useState<string[]>((kept?.days ?? [1, 2, 3, 4, 5]).map(String));
  const [kind, setKind] = useState(kept?.kind ?? 'mobility');
  const [pressed, setPressed] = useState(false);
  const read = timeOf(time);
  const save = (): void => {
    setPressed(true);
    if (read !== null && days.length > 0) onSave({ time: read, days: days.map(Number).sort((a, b) => a - b), kind });
  };
  return (
    <Sheet
      open
      onClose={onClose}
      title={t(kept === null ? 'reminders.add' : 'reminders.edit')}
      footer={(
        <>
          <Button label={t('reminders.save')} onPress={save} wide />
          {kept === null ? null : <Button kind="plain" icon="trash" label={t('reminders.remove')} onPress={onRemove} wide />}
        </>
      )}
    >
      <Field kind="time" label={t('reminders.time')} value={time} onChange={setTime} error={pressed && read === null ? t('reminders.timeWrong') : null} />
      <Choice many label={t('reminders.days')} options={DAYS.map((value) => ({ value, label: weekday(Number(value), i18n.language) }))} value={days} onChange={setDays} />
      {pressed && days.length === 0 ? <Text kind="small" live color={color.danger}>{t('reminders.daysWrong')}</Text> : null}
      <Choice label={t('reminders.kind')} options={KINDS.map((value) => ({ value: value as string, label: label('kinds', value) }))} value={kind} onChange={setKind} />
    </Sheet>
  );
}
