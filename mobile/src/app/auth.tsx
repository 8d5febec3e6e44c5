import { router } from 'expo-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Platform } from 'react-native';

import { failureText, useAccount, useAttempt } from '@/auth/useAccount';
import { useLimber } from '@/boot';
import { Button, Notice, Screen, Spinner } from '@/ui';

/** Where the server's sign-in page comes back to, on the web. */
export default function AuthScreen() {
  const { t } = useTranslation('account');
  const { account } = useAccount();
  const { sync } = useLimber();
  const { failure, run } = useAttempt();
  const begun = useRef(false);
  useEffect(() => {
    // A code is good once.
    if (begun.current || Platform.OS !== 'web') return;
    begun.current = true;
    void run(async () => {
      await account.finish(window.location.href);
      router.replace('/you/account');
      void sync.now();
    });
  }, [account, run, sync]);
  return (
    <Screen title={t('auth.title')} back="/you/account">
      {failure === null ? <Spinner label={t('auth.working')} /> : <Notice kind="danger">{failureText(t, failure)}</Notice>}
      {failure !== null && <Button label={t('auth.back')} onPress={() => router.replace('/you/account')} />}
    </Screen>
  );
}
