import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { pressureOf, tooHigh } from '@/domain/pressure';
import { Button, Field, Notice, Section } from '@/ui';

import type { Profile } from './profile';

interface Props {
  readonly kept: Profile['blood_pressure'];
  readonly onChange: (pressure: Profile['blood_pressure']) => void;
}

/** Both numbers are kept together by the button: half a reading says nothing. */
export function PressureFields({ kept, onChange }: Props) {
  const { t } = useTranslation('settings');
  const { t: common } = useTranslation('common');
  const [upper, setUpper] = useState(kept === null ? '' : String(kept.systolic));
  const [lower, setLower] = useState(kept === null ? '' : String(kept.diastolic));
  const [pressed, setPressed] = useState(false);
  const typed = pressureOf(upper, lower);
  const save = (): void => {
    setPressed(true);
    if (typed.kind === 'none') onChange(null);
    if (typed.kind === 'ok') onChange({ systolic: typed.systolic, diastolic: typed.diastolic, at: new Date().toISOString() });
  };
  return (
    <Section title={t('profile.pressure')} detail={t('profile.pressureText')}>
      <Field kind="number" label={t('profile.systolic')} value={upper} onChange={setUpper} maxLength={3}
        error={pressed && typed.kind === 'wrong' ? t('profile.pressureWrong') : null} />
      <Field kind="number" label={t('profile.diastolic')} value={lower} onChange={setLower} maxLength={3} />
      {typed.kind === 'ok' && tooHigh(typed) ? <Notice kind="danger" live title={t('profile.pressureHigh')} /> : null}
      <Button kind="quiet" label={common('save')} onPress={save} />
    </Section>
  );
}
