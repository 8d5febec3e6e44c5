import { useRouter } from 'expo-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { points, TESTS, type Assessment, type SelfTest } from '@/domain/selftests';
import { byKind, rhythm, weeks, type Done } from '@/domain/weeks';
import { shortDay } from '@/i18n/dates';
import { useLabels } from '@/i18n/labels';
import { useRecords } from '@/store/hooks';
import { Button, Card, Empty, Row, Screen, Section, Spinner, Text, useTheme, useWide } from '@/ui';

import { useUnits } from './units';
import { WeekChart } from './WeekChart';

/** Minutes, rhythm, kinds, self-tests: counts and measures, nothing that can be lost. */
export function ProgressScreen() {
  const { t } = useTranslation('progress');
  const { t: common } = useTranslation('common');
  const router = useRouter();
  const { space } = useTheme();
  const wide = useWide();
  const records = useRecords<Done>('session');
  const assessments = useRecords<Assessment>('assessment');
  const sessions = useMemo(() => (records ?? []).map(({ data }) => data), [records]);
  if (records === undefined || assessments === undefined) {
    return <Screen title={t('title')}><Spinner label={common('loading')} /></Screen>;
  }
  return (
    <Screen title={t('title')} width={wide ? 960 : undefined}>
      <View style={{ flexDirection: wide ? 'row' : 'column', gap: space(9) }}>
        <View style={{ flex: wide ? 1 : undefined, gap: space(8) }}>
          {sessions.length === 0 ? (
            <Empty icon="progress" title={t('empty.title')} action={<Button label={t('empty.start')} onPress={() => router.push('/')} />}>
              {t('empty.text')}
            </Empty>
          ) : <WhatWasDone sessions={sessions} />}
        </View>
        <View style={{ flex: wide ? 1 : undefined, gap: space(8) }}>
          <Section title={t('tests.title')} detail={t('tests.text')}>
            {TESTS.map((test) => <TestRow key={test.code} test={test} records={assessments.map(({ data }) => data)} />)}
          </Section>
          <Row icon="star" role="link" title={t('tests.learned')} onPress={() => router.push('/you/learned' as '/')} />
        </View>
      </View>
    </Screen>
  );
}

function WhatWasDone({ sessions }: { sessions: readonly Partial<Done>[] }) {
  const { t } = useTranslation('progress');
  const { label } = useLabels();
  const { space } = useTheme();
  const now = useMemo(() => new Date(), [sessions]); // eslint-disable-line react-hooks/exhaustive-deps -- read anew with the sessions
  const list = weeks(sessions, now);
  const kinds = byKind(sessions, list[0]!.start, now).filter(({ minutes }) => minutes > 0);
  const pace = rhythm(sessions, now);
  return (
    <>
      <Section title={t('week.title')}>
        <Card tone="accent">
          <Text kind="label" soft>{t('week.this')}</Text>
          <Text kind="display">{t('week.minutes', { count: list.at(-1)!.minutes })}</Text>
        </Card>
        <WeekChart weeks={list} />
      </Section>
      <Section title={t('rhythm.title')}>
        <View style={{ gap: space(2) }}>
          <Text>{t('rhythm.days', { days: pace.days })}</Text>
          {pace.wholeWeeks > 0 ? <Text>{t('rhythm.weeks', { good: pace.goodWeeks, whole: pace.wholeWeeks })}</Text> : null}
          {pace.since === null ? null : <Text soft>{t('rhythm.since', { days: pace.since })}</Text>}
          <Text kind="small" soft>{t('rhythm.source')}</Text>
        </View>
      </Section>
      {kinds.length === 0 ? null : (
        <Section title={t('kinds.title')}>
          {kinds.map(({ kind, minutes }) => <Row key={kind} title={label('kinds', kind)} detail={t('kinds.row', { minutes })} />)}
        </Section>
      )}
    </>
  );
}

function TestRow({ test, records }: { test: SelfTest; records: readonly Partial<Assessment>[] }) {
  const { t, i18n } = useTranslation('progress');
  const router = useRouter();
  const { say } = useUnits(test);
  const mine = points(test, records);
  const newest = test.sides.flatMap((side) => mine.filter((point) => point.side === side).at(-1) ?? []);
  const detail = newest.length === 0 ? t('tests.never')
    : newest.map(({ side, value, at }) => `${side === 'both' ? '' : `${t(`side.${side}`)} `}${say(value)} · ${shortDay(new Date(at), i18n.language)}`).join(', ');
  return <Row role="link" title={t(`tests_of.${test.code}.name`)} detail={detail} onPress={() => router.push(`/progress/${test.code}` as '/')} />;
}
