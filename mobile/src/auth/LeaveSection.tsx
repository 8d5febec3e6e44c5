import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import { useSyncState } from '@/sync/hooks';
import { Button, Field, Notice, Section, Sheet, Switch, Text } from '@/ui';

import { failureText, useAccount, useAttempt } from './useAccount';

type Step = 'sign-out' | 'device' | 'account' | null;

/** Signing out, emptying this device, erasing the account: each says what stays before it is done. */
export function LeaveSection() {
  const { t } = useTranslation('account');
  const { state } = useAccount();
  const [step, setStep] = useState<Step>(null);
  const [told, setTold] = useState<string | null>(null);
  const done = (said: string | null) => {
    setTold(said);
    setStep(null);
  };
  const signedIn = state.kind === 'signed-in';
  return (
    <Section title={t('leave.title')}>
      {signedIn && <Button label={t('signOut.button')} kind="quiet" onPress={() => setStep('sign-out')} />}
      <Button label={t('erase.device')} hint={t('erase.deviceHint')} kind="danger" icon="trash" onPress={() => setStep('device')} />
      {signedIn && (
        <Button label={t('erase.account')} hint={t('erase.accountHint')} kind="danger" icon="trash" onPress={() => setStep('account')} />
      )}
      {told !== null && <Notice kind="ok">{told}</Notice>}
      {step === 'sign-out' && <SignOut onClose={() => done(null)} />}
      {step === 'device' && <EraseDevice onClose={done} />}
      {step === 'account' && <EraseAccount onClose={done} />}
    </Section>
  );
}

function SignOut({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation('account');
  const { store, sync } = useLimber();
  const { account } = useAccount();
  const { waiting } = useSyncState(sync);
  const { busy, run } = useAttempt();
  const leave = (remove: boolean) => run(async () => {
    await account.signOut();
    if (remove) await store.erase();
    onClose();
  });
  return (
    <Sheet open title={t('signOut.title')} onClose={onClose}>
      <Text>{t('signOut.body')}</Text>
      {waiting > 0 && <Notice kind="warn">{t('signOut.waiting', { count: waiting })}</Notice>}
      <Button label={t('signOut.keep')} busy={busy} onPress={() => void leave(false)} />
      <Button label={t('signOut.remove')} kind="danger" busy={busy} onPress={() => void leave(true)} />
    </Sheet>
  );
}

function EraseDevice({ onClose }: { readonly onClose: (said: string | null) => void }) {
  const { t } = useTranslation('account');
  const { store } = useLimber();
  const { account, state } = useAccount();
  const { busy, run } = useAttempt();
  const [sure, setSure] = useState(false);
  const erase = () => run(async () => {
    if (state.kind === 'signed-in') await account.signOut();
    await store.erase();
    onClose(t('erase.deviceDone'));
  });
  return (
    <Sheet open title={t('erase.device')} onClose={() => onClose(null)}>
      <Text>{t(state.kind === 'signed-in' ? 'erase.deviceBody' : 'erase.deviceBodyAlone')}</Text>
      <Switch label={t('erase.sure')} value={sure} onChange={setSure} />
      <Button label={t('erase.confirm')} kind="danger" disabled={!sure} busy={busy} onPress={() => void erase()} />
    </Sheet>
  );
}

function EraseAccount({ onClose }: { readonly onClose: (said: string | null) => void }) {
  const { t } = useTranslation('account');
  const { store } = useLimber();
  const { account } = useAccount();
  const { busy, failure, run } = useAttempt();
  const [sure, setSure] = useState(false);
  const [asked, setAsked] = useState<string | null>(null);
  const [password, setPassword] = useState('');
  const erase = () => run(async () => {
    const answer = await account.request('/v1/account/erase', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(password === '' ? {} : { password }),
    });
    const told = (await answer.json()) as { manifest?: { id: string }; detail?: string };
    if (answer.status === 401) return setAsked(told.detail ?? '');
    if (told.manifest === undefined) throw new Error(told.detail ?? String(answer.status));
    await account.signOut();
    await store.erase();
    onClose(t('erase.done', { id: told.manifest.id }));
  });
  return (
    <Sheet open title={t('erase.account')} onClose={() => onClose(null)}>
      <Text>{t('erase.accountBody')}</Text>
      <Switch label={t('erase.sure')} value={sure} onChange={setSure} />
      {asked !== null && (
        <>
          <Field
            label={t('erase.password')} hint={t('erase.passwordHint')} kind="password" value={password}
            onChange={setPassword} error={password === '' ? undefined : asked}
          />
          <Button label={t('erase.signInAgain')} kind="plain" onPress={() => void run(() => account.signIn({ fresh: true }))} />
        </>
      )}
      {failure !== null && <Notice kind="danger">{failureText(t, failure)}</Notice>}
      <Button label={t('erase.confirm')} kind="danger" disabled={!sure} busy={busy} onPress={() => void erase()} />
    </Sheet>
  );
}
