import { useRouter } from 'expo-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { band, change, points, sidesDiffer, testOf, type Assessment, type Point, type SelfTest, type Side } from '@/domain/selftests';
import { longDay } from '@/i18n/dates';
import { Figure } from '@/figure/Figure';
import { useLabels } from '@/i18n/labels';
import { useRecord, useRecords, useStore } from '@/store/hooks';
import { Button, Empty, Notice, Screen, Section, Text, useTheme } from '@/ui';

import { Measure } from './Measure';
import { Table } from './Table';
import { TestChart } from './TestChart';
import { useUnits } from './units';

/** One self-test: how to do it, doing it, and what came out of it so far. */
export function TestScreen({ code }: { code: string }) {
  const { t } = useTranslation('progress');
  const router = useRouter();
  const test = testOf(code);
  if (test === undefined) {
    return (
      <Screen title={t('tests.title')} back="/progress">
        <Empty icon="search" title={t('tests.title')} action={<Button label={t('test.back')} onPress={() => router.replace('/progress' as '/')} />} />
      </Screen>
    );
  }
  return <OneTest test={test} />;
}

function OneTest({ test }: { test: SelfTest }) {
  const { t } = useTranslation('progress');
  const { label } = useLabels();
  const { space } = useTheme();
  const { say } = useUnits(test);
  const records = useRecords<Assessment>('assessment');
  const conditions = useRecord<{ conditions: readonly string[] }>('profile', 'me')?.data.conditions ?? [];
  const [measuring, setMeasuring] = useState<Side | null>(null);
  const mine = useMemo(() => points(test, (records ?? []).map(({ data }) => data)), [records, test]);
  const against = conditions.filter((code) => test.not_with.includes(code));
  const steps = t(`tests_of.${test.code}.steps`).split('\n');
  return (
    <Screen title={t(`tests_of.${test.code}.name`)} back="/progress" above={t(`tests_of.${test.code}.what`)}>
      {against.length > 0 ? (
        <Notice kind="warn" title={t('test.notWith', { what: against.map((code) => label('conditions', code)).join(', ') })} />
      ) : null}
      <Section title={t('test.how')}>
        <View style={{ alignItems: 'center' }}>
          <Figure slug={test.figure} size={200} />
        </View>
        <Text soft>{`${t('test.need')}: ${t(`tests_of.${test.code}.need`)}`}</Text>
        <View role="list" style={{ gap: space(2) }}>
          {steps.map((step, n) => (
            <View key={step} role="listitem">
              <Text>{`${n + 1}. ${step}`}</Text>
            </View>
          ))}
        </View>
      </Section>
      {measuring === null ? (
        <View style={{ gap: space(3) }}>
          {test.sides.map((side, n) => (
            <Button key={side} kind={n === 0 ? 'primary' : 'quiet'} label={t('test.measure', { side })} onPress={() => setMeasuring(side)} />
          ))}
        </View>
      ) : (
        <Measure key={measuring} test={test} side={measuring} onDone={() => setMeasuring(null)} />
      )}
      {mine.length === 0 ? null : <Results test={test} mine={mine} />}
      <Text kind="small" soft>{t('test.source', { noise: say(test.noise), source: test.source })}</Text>
    </Screen>
  );
}

function Results({ test, mine }: { test: SelfTest; mine: readonly Point[] }) {
  const { t, i18n } = useTranslation('progress');
  const { say } = useUnits(test);
  const { space } = useTheme();
  const rows = [...mine].reverse().map(({ at, side, value }) => [longDay(new Date(at), i18n.language), t(`side.${side}`), say(value)]);
  return (
    <>
      <Section title={t('test.results')}>
        <TestChart test={test} points={mine} />
        {test.sides.map((side) => {
          const own = mine.filter((point) => point.side === side);
          if (own.length === 0) return null;
          const { verdict, by, band: width } = change(test, own);
          return (
            <View key={side} style={{ gap: space(1) }}>
              {side === 'both' ? null : <Text kind="label">{t(`side.${side}`)}</Text>}
              <Text>{t(`verdict.${verdict}`, { by: say(Math.abs(by)), band: say(width) })}</Text>
            </View>
          );
        })}
        <Text kind="small" soft>{t('verdict.band', { band: say(band(test, mine).width), source: test.source })}</Text>
        {band(test, mine).own ? <Text kind="small" soft>{t('verdict.own')}</Text> : null}
        <Sides test={test} mine={mine} />
      </Section>
      <Section title={t('test.history')}>
        <Table label={t('test.history')} head={[t('test.date'), t('sideName'), t('test.value')]} rows={rows} />
      </Section>
    </>
  );
}

/** Whether the sides differ by more than noise, and an offer to work on it. */
function Sides({ test, mine }: { test: SelfTest; mine: readonly Point[] }) {
  const { t } = useTranslation('progress');
  const { say } = useUnits(test);
  const store = useStore();
  const deficits = useRecord<{ deficits: readonly string[] }>('profile', 'me')?.data.deficits ?? [];
  if (test.sides.length < 2 || !test.sides.every((side) => mine.some((point) => point.side === side))) return null;
  const differ = sidesDiffer(test, mine);
  if (differ === null) return <Text>{t('sides.same')}</Text>;
  const { deficit } = test;
  const added = deficit !== null && deficits.includes(deficit);
  const set = (list: readonly string[]) => void store.write([{ collection: 'profile', id: 'me', set: { deficits: list } }]);
  return (
    <Notice
      kind="info"
      title={added ? t('sides.added') : t('sides.differ', { side: differ.lesser, by: say(Math.abs(differ.by)) })}
      action={deficit === null ? null : (
        <Button
          kind="quiet"
          label={t(added ? 'sides.remove' : 'sides.add')}
          onPress={() => set(added ? deficits.filter((code) => code !== deficit) : [...deficits, deficit])}
        />
      )}
    />
  );
}
