import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import { useRecord } from '@/store/hooks';
import { Confirm, Notice, Section, Switch, Text } from '@/ui';

import { failureText, useAccount, useAttempt } from './useAccount';

interface Training {
  readonly training_consent: { readonly version: number; readonly at: string } | null;
}

/** Consent to training: given to a text that was read, withdrawn at once, also offline. */
export function TrainingSection() {
  const { t } = useTranslation('account');
  const { store } = useLimber();
  const { account, state } = useAccount();
  const { failure, run } = useAttempt();
  const [asked, setAsked] = useState<{ version: number; text: string } | null>(null);
  const given = (useRecord<Training>('preferences', 'training')?.data.training_consent ?? null) !== null;

  const write = (consent: Training['training_consent']) =>
    store.write([{ collection: 'preferences', id: 'training', set: { training_consent: consent } }]);
  const change = (agrees: boolean) => run(async () => {
    if (!agrees) return write(null);
    const answer = await account.request('/v1/account/training-consent');
    const told = (await answer.json()) as { asked?: { version: number; text: string }; detail?: string };
    if (told.asked === undefined) throw new Error(told.detail ?? String(answer.status));
    setAsked(told.asked);
  });
  const agree = async () => {
    if (asked !== null) await write({ version: asked.version, at: new Date().toISOString() });
    setAsked(null);
  };

  if (state.kind === 'signed-out') return null;
  return (
    <Section title={t('training.title')}>
      <Switch label={t('training.label')} hint={t('training.hint')} value={given} onChange={(on) => void change(on)} />
      {failure !== null && <Notice kind="warn">{failure instanceof TypeError ? t('training.offline') : failureText(t, failure)}</Notice>}
      <Confirm
        open={asked !== null} title={t('training.title')} action={t('training.label')}
        onConfirm={() => void agree()} onClose={() => setAsked(null)}
      >
        <Text>{asked?.text ?? ''}</Text>
      </Confirm>
    </Section>
  );
}
