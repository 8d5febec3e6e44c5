import { useRouter, type ErrorBoundaryProps } from 'expo-router';
import { View } from 'react-native';

import { i18n } from '@/i18n';
import { Button, Text, useTheme } from '@/ui';

/** A screen that failed to draw: says so, and offers ways on. It may stand before the words are loaded. */
export function Crash({ error, retry }: ErrorBoundaryProps) {
  const theme = useTheme();
  const router = useRouter();
  const t = (key: string): string => (i18n.isInitialized ? i18n.t(`common:${key}`) : '');
  return (
    <View role="main" style={{ flex: 1, backgroundColor: theme.color.bg, alignItems: 'center', justifyContent: 'center', padding: theme.space(6) }}>
      <View role="alert" style={{ maxWidth: 480, gap: theme.space(4), alignItems: 'center' }}>
        <Text kind="title" role="heading" level={1} center>
          {t('boot.crash.title') || 'Something went wrong here'}
        </Text>
        <Text soft center>
          {t('boot.crash.text') || 'Your data is safe.'}
        </Text>
        <Text kind="small" soft center>
          {error.message}
        </Text>
        <Button label={t('retry') || 'Try again'} icon="refresh" onPress={() => void retry()} />
        <Button label={t('notFound.home') || 'Go home'} kind="plain" onPress={() => router.replace('/')} />
      </View>
    </View>
  );
}
