import { useRouter } from 'expo-router';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { doneOf, follows, offered, programRecord, programWords, sessionsOf, type Following, type Offered } from '@/domain/programs';
import { useLabels } from '@/i18n/labels';
import { useRecords } from '@/store/hooks';
import type { Rec } from '@/store/types';
import { Card, Empty, Progress, Screen, Text, useTheme } from '@/ui';

import { usePrograms } from './usePrograms';

/** Ready programs. Those that do not go with what somebody told us are shown with the reason, not hidden. */
export function ProgramsScreen() {
  const { t } = useTranslation('programs');
  const { catalog } = useLimber();
  const theme = useTheme();
  const programs = usePrograms();
  const preferences = useRecords<Following>('preferences');
  const sessions = useRecords('session');
  if (programs === null || preferences === undefined || sessions === undefined) return null;
  const all = offered(catalog, programs.conditions);
  return (
    <Screen title={t('title')} back>
      <Text soft>{t('text')}</Text>
      {all.length === 0 ? <Empty title={t('none')} icon="calendar">{t('noneText')}</Empty> : null}
      <View role="list" style={{ gap: theme.space(4) }}>
        {all.map((one) => (
          <View key={one.program.code} role="listitem">
            <ProgramCard {...one} record={preferences.find(({ id }) => id === programRecord(one.program.code))} sessions={sessions} />
          </View>
        ))}
      </View>
    </Screen>
  );
}

function ProgramCard({ program, against, record, sessions }: Offered & { record: Rec<Following> | undefined; sessions: readonly Rec[] }) {
  const { t } = useTranslation('programs');
  const router = useRouter();
  const { language, label } = useLabels();
  const words = programWords(program, language);
  const all = sessionsOf(program).length;
  const on = follows(record?.data);
  return (
    <Card tone={on ? 'accent' : 'plain'} onPress={() => router.push(`/programs/${program.code}` as '/')}>
      <Text kind="heading">{words.name}</Text>
      <Text>{words.summary}</Text>
      <Text kind="small" soft>{t('size', { weeks: program.weeks.length, count: all })}</Text>
      {on ? <Progress value={doneOf(program, record?.data, sessions).size / all} label={t('done', { done: doneOf(program, record?.data, sessions).size, count: all })} /> : null}
      {against.length > 0 ? (
        <Text kind="small">{t('against', { what: against.map((code) => label('conditions', code)).join(', ') })}</Text>
      ) : null}
    </Card>
  );
}
