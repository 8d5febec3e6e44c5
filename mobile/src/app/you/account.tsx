import { useTranslation } from 'react-i18next';
import { Linking } from 'react-native';

import { DataSection } from '@/auth/DataSection';
import { LeaveSection } from '@/auth/LeaveSection';
import { serverAddress } from '@/auth/server';
import { SyncSection } from '@/auth/SyncSection';
import { TrainingSection } from '@/auth/TrainingSection';
import { failureText, useAccount, useAttempt } from '@/auth/useAccount';
import { useLimber } from '@/boot';
import { Button, Notice, Screen, Section, Text } from '@/ui';

export default function AccountScreen() {
  const { t } = useTranslation('account');
  return (
    <Screen title={t('title')} back="/you">
      <Who />
      <SyncSection />
      <TrainingSection />
      <DataSection />
      <LeaveSection />
    </Screen>
  );
}

function Who() {
  const { t } = useTranslation('account');
  const { account, state } = useAccount();
  const { sync } = useLimber();
  const { busy, failure, run } = useAttempt();
  const server = serverAddress();
  const signIn = () => void run(async () => {
    if ((await account.signIn()) === 'done') await sync.now();
  });
  const wrong = failure !== null && <Notice kind="danger">{failureText(t, failure)}</Notice>;

  if (state.kind === 'signed-out') {
    return (
      <Section title={t('sync.phase.signed-out')}>
        <Text>{t('signedOut.lead')}</Text>
        <Text soft>{t(server === null ? 'signedOut.noServer' : 'signedOut.why')}</Text>
        {server !== null && <Button label={t('signedOut.button')} icon="person" busy={busy} onPress={signIn} />}
        {wrong}
      </Section>
    );
  }
  const who = state.name ?? state.email;
  return (
    <Section title={who === null ? t('signedIn.nameless') : t('signedIn.as', { who })}>
      {state.name !== null && state.email !== null && <Text soft>{state.email}</Text>}
      {state.ended && (
        <Notice kind="warn" action={<Button label={t('signedIn.again')} busy={busy} onPress={signIn} />}>
          {t('signedIn.ended')}
        </Notice>
      )}
      <Button
        label={t('signedIn.manage')} hint={t('signedIn.manageHint')} kind="plain" icon="link"
        onPress={() => void Linking.openURL(`${account.credentials.server}/account/`)}
      />
      {wrong}
    </Section>
  );
}
