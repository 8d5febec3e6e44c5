import { useRouter } from 'expo-router';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { Row, Screen, Text, type IconName } from '@/ui';

import { useProfile } from './profile';

const PLACES: readonly { readonly name: string; readonly icon: IconName; readonly href: string; readonly detail?: boolean }[] = [
  { name: 'profile', icon: 'person', href: '/you/profile', detail: true },
  { name: 'routines', icon: 'star', href: '/routines' },
  { name: 'reminders', icon: 'bell', href: '/you/reminders', detail: true },
  { name: 'learned', icon: 'thumb-up', href: '/you/learned', detail: true },
  { name: 'settings', icon: 'settings', href: '/you/settings', detail: true },
  { name: 'account', icon: 'sync', href: '/you/account', detail: true },
  { name: 'about', icon: 'info', href: '/you/about', detail: true },
];

/** What is about the person and the app, one tap away each. */
export function YouScreen() {
  const { t } = useTranslation('settings');
  const router = useRouter();
  const [profile] = useProfile();
  return (
    <Screen title={t('title')}>
      {profile?.name ? <Text kind="heading">{t('you.hello', { name: profile.name })}</Text> : null}
      <View>
        {PLACES.map(({ name, icon, href, detail }) => (
          <Row key={name} role="link" icon={icon} title={t(`you.${name}`)} detail={detail ? t(`you.${name}Text`) : undefined} onPress={() => router.push(href as '/')} />
        ))}
        <Row role="link" icon="refresh" title={t('you.start')} onPress={() => router.push('/start' as '/')} />
      </View>
    </Screen>
  );
}
