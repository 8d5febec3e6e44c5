import { useRouter } from 'expo-router';
import { useTranslation } from 'react-i18next';

import { Button, Empty, Screen } from '@/ui';

export default function NotFound() {
  const { t } = useTranslation('common');
  const router = useRouter();
  return (
    <Screen title={t('notFound.title')} back hideTitle>
      <Empty title={t('notFound.title')} icon="search" action={<Button label={t('notFound.home')} onPress={() => router.replace('/')} />}>
        {t('notFound.text')}
      </Empty>
    </Screen>
  );
}
