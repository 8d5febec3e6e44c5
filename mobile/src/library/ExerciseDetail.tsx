import { useRouter } from 'expo-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot/context';
import { described, leftOutFor, type Described } from '@/domain/library';
import { BodyMap } from '@/figure/BodyMap';
import { Figure } from '@/figure/Figure';
import { useLabels } from '@/i18n/labels';
import { useRecord } from '@/store/hooks';
import { Button, Card, Empty, IconButton, Notice, Row, Screen, Section, Text, useReducedMotion, useTheme, useWide } from '@/ui';

import { Evidence } from './Evidence';
import { Guide, Variants } from './Guide';
import { Mine } from './Mine';
import { useNotNow } from './useNotNow';
import { Source, Videos } from './Videos';

export function ExerciseDetail({ slug }: { slug: string }) {
  const { t } = useTranslation('library');
  const router = useRouter();
  const { catalog } = useLimber();
  const { exercise: words, label } = useLabels();
  const { space } = useTheme();
  const wide = useWide();
  const exercise = described(catalog, slug);
  if (exercise === undefined) {
    return (
      <Screen title={t('unknown.title')} back="/library">
        <Empty icon="search" title={t('unknown.title')} action={<Button label={t('unknown.all')} onPress={() => router.replace('/library' as '/')} />}>
          {t('unknown.text')}
        </Empty>
      </Screen>
    );
  }
  const { name } = words(slug);
  return (
    <Screen title={name} back="/library" above={label('types', exercise.type)} width={wide ? 960 : undefined}>
      <NotNow slug={slug} />
      <View style={{ flexDirection: wide ? 'row' : 'column', gap: space(8) }}>
        <View style={{ flex: wide ? 1 : undefined, gap: space(7) }}>
          <Moving key={slug} exercise={exercise} />
          <Guide exercise={exercise} />
          <Mine slug={slug} />
          <Facts exercise={exercise} />
        </View>
        <View style={{ flex: wide ? 1 : undefined, gap: space(7) }}>
          <Muscles exercise={exercise} />
          <Cautions exercise={exercise} />
          <Evidence exercise={exercise} />
          <Videos slug={slug} />
          <Variants exercise={exercise} />
          <Source slug={slug} />
        </View>
      </View>
    </Screen>
  );
}

/** Before anything else: that it does not suit this person now, and why. */
function NotNow({ slug }: { slug: string }) {
  const { t } = useTranslation('library');
  const against = useNotNow()(slug);
  return against.length === 0 ? null : <Notice kind="warn" title={t('notNow')}>{`${against.join('. ')}.`}</Notice>;
}

/** The figure with its two controls. It stands still at first where movement is unwelcome, and can be played all the same. */
function Moving({ exercise }: { exercise: Described }) {
  const { t } = useTranslation('library');
  const { space } = useTheme();
  const [playing, setPlaying] = useState(!useReducedMotion());
  const [mirrored, setMirrored] = useState(false);
  return (
    <Card>
      <View style={{ alignItems: 'center' }}>
        <Figure slug={exercise.slug} size={280} playing={playing} mirrored={mirrored} highlight />
      </View>
      <View style={{ flexDirection: 'row', justifyContent: 'center', gap: space(4) }}>
        <IconButton icon={playing ? 'pause' : 'play'} label={t(playing ? 'pause' : 'slow')} onPress={() => setPlaying(!playing)} />
        {exercise.laterality === 'unilateral' ? (
          <IconButton icon="swap" label={t('mirror')} selected={mirrored} onPress={() => setMirrored(!mirrored)} />
        ) : null}
      </View>
    </Card>
  );
}

function Facts({ exercise }: { exercise: Described }) {
  const { t } = useTranslation('library');
  const { space } = useTheme();
  const { label } = useLabels();
  const { dose } = exercise;
  const kit = exercise.equipment.filter((code) => code !== 'none').map((code) => label('equipment', code));
  const side = dose !== undefined && dose.sides > 1 ? 'Side' : '';
  const usually = dose === undefined ? null
    : dose.mode === 'reps' && dose.reps !== null ? t(`dose.reps${side}`, { reps: dose.reps })
      : t(`dose.time${side}`, { seconds: dose.work_s_per_side });
  const facts: (readonly [string, string])[] = [
    [t('facts.difficulty'), `${t(`difficulty.${exercise.difficulty}`)} (${t('difficulty.label', { level: exercise.difficulty })})`],
    [t('facts.position'), exercise.positions.map((code) => label('positions', code)).join(', ')],
    [t('facts.sides'), label('laterality', exercise.laterality)],
    [t('facts.kit'), kit.length > 0 ? kit.join(', ') : t('facts.nothing')],
    ...(usually === null ? [] : [[t('facts.dose'), usually] as const]),
  ];
  return (
    <Section title={t('facts.title')}>
      <View style={{ flexDirection: 'row', flexWrap: 'wrap', gap: space(4) }}>
        {facts.map(([what, value]) => (
          <View key={what} style={{ flexGrow: 1, flexBasis: 140, gap: 2 }}>
            <Text kind="small" soft>{what}</Text>
            <Text kind="label">{value}</Text>
          </View>
        ))}
      </View>
    </Section>
  );
}

function Muscles({ exercise }: { exercise: Described }) {
  const { t } = useTranslation('library');
  const { label } = useLabels();
  const names = (codes: readonly string[]): string => codes.map((code) => label('muscles', code)).join(', ');
  const highlight = Object.fromEntries([
    ...exercise.secondary_muscles.map((code) => [code, 1 as const]),
    ...exercise.primary_muscles.map((code) => [code, 3 as const]),
  ]);
  return (
    <Section title={t('muscles.title')}>
      <BodyMap by="muscles" highlight={highlight} />
      <Row title={names(exercise.primary_muscles)} detail={t('muscles.most')} />
      {exercise.secondary_muscles.length > 0 ? <Row title={names(exercise.secondary_muscles)} detail={t('muscles.also')} /> : null}
      {exercise.moves.length > 0 ? (
        <Row title={exercise.moves.map((code) => label('moves', code)).join(', ')} detail={t('muscles.moves')} />
      ) : null}
    </Section>
  );
}

function Cautions({ exercise }: { exercise: Described }) {
  const { t } = useTranslation('library');
  const { catalog } = useLimber();
  const { label } = useLabels();
  const mine = useRecord<{ conditions: readonly string[] }>('profile', 'me')?.data.conditions ?? [];
  const codes = leftOutFor(catalog, exercise);
  return (
    <Section title={t('conditions.title')} detail={codes.length > 0 ? t('conditions.text') : undefined}>
      {codes.length === 0 ? <Text soft>{t('conditions.none')}</Text> : null}
      {codes.map((code) => (
        <Text key={code} kind="small">
          {mine.includes(code) ? `${label('conditions', code)}. ${t('conditions.yours')}` : label('conditions', code)}
        </Text>
      ))}
    </Section>
  );
}
