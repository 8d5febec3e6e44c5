import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { healthStore } from '@/health/health';
import type { HealthWish } from '@/reminders/QuietWork';
import { useLocal } from '@/store/hooks';
import { Notice, Section, Switch, Text } from '@/ui';

/** Off until somebody turns it on; then one permission is asked for, and only sessions from then on are written. */
export function HealthSwitch() {
  const { t } = useTranslation('settings');
  const [wish, setWish] = useLocal<HealthWish>('health');
  const [available, setAvailable] = useState(false);
  const [denied, setDenied] = useState(false);
  useEffect(() => {
    void healthStore?.available().then(setAvailable);
  }, []);
  if (healthStore === null || !available) {
    return <Section title={t('settings.healthTitle')}><Text soft>{t('settings.healthNone')}</Text></Section>;
  }
  const store = healthStore.name;
  const turn = async (on: boolean): Promise<void> => {
    const allowed = on && (await healthStore?.ask()) === true;
    setDenied(on && !allowed);
    await setWish({ on: allowed, since: new Date().toISOString() });
  };
  return (
    <Section title={t('settings.healthTitle')}>
      <Switch label={t('settings.health', { store })} hint={t('settings.healthHint')} value={wish?.on === true} onChange={(on) => void turn(on)} />
      {denied ? <Notice kind="warn" live title={t('settings.healthDenied', { store })} /> : null}
    </Section>
  );
}
