import Constants from 'expo-constants';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot/context';
import { Row, Screen, Section, Text, useTheme } from '@/ui';

import licences from './licences.json';

/** Which app, release and model are in use, what the model is, and whose work it stands on. */
export function AboutScreen() {
  const { t } = useTranslation('settings');
  const { space } = useTheme();
  const { catalog, maker } = useLimber();
  useSyncExternalStore(maker.subscribe, () => maker.phase, () => maker.phase);
  const loading = t('about.loading');
  const rules = catalog.vocabulary.get('rules')?.size ?? 0;
  return (
    <Screen title={t('about.title')} back="/you">
      <Section title={t('about.versions')}>
        <View>
          <Row title={Constants.expoConfig?.version ?? '–'} detail={t('about.app')} />
          <Row title={`${t('about.release', { release: catalog.release })} · ${t('about.exercises', { count: catalog.exercises.length })}`} detail={t('about.catalog')} />
          <Row title={maker.model === '' ? loading : maker.model.slice(0, 16)} detail={t('about.model')} />
          <Row title={maker.runtime === '' ? loading : maker.runtime} detail={t('about.runtime')} />
        </View>
      </Section>
      <Section title={t('about.card')}>
        <View style={{ gap: space(3) }}>
          {[1, 2, 3, 4].map((n) => <Text key={n}>{t(`about.card${n}`)}</Text>)}
        </View>
      </Section>
      <Section title={t('about.advice')}>
        <Text>{t('about.adviceText')}</Text>
      </Section>
      <Section title={t('about.evidence')}>
        <Text>{t('about.evidenceText', { rules })}</Text>
      </Section>
      <Section title={t('about.licences')} detail={t('about.licencesText')}>
        <View>
          {licences.map(([name, version, licence]) => <Row key={name} title={name!} detail={t('about.part', { version, licence })} />)}
        </View>
      </Section>
    </Screen>
  );
}
