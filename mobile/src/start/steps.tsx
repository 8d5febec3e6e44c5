import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { yearOf, type Ache, type Answers } from '@/domain/onboarding';
import { codes } from '@/generator/catalog';
import { useLabels } from '@/i18n/labels';
import { Button, Choice, Field, Row, Spinner, Switch, Text, useTheme } from '@/ui';

const BodyMap = lazy(async () => ({ default: (await import('@/figure/BodyMap')).BodyMap }));

interface Props {
  readonly answers: Answers;
  readonly onChange: (part: Partial<Answers>) => void;
}

/** Shown before somebody asks for all. */
const USUAL_ACTIVITIES = ['run_distance', 'desk_work', 'lift_squat', 'cycle', 'yoga_pilates', 'football', 'swim', 'hike', 'tennis', 'climb', 'dance', 'general'];
const USUAL_CONDITIONS = ['hypertension', 'cardiac', 'pregnancy_t23', 'osteoporosis', 'lumbar_disc', 'knee_osteoarthritis', 'fall_risk', 'vertigo'];

/** The usual ones first, those that are chosen always; the rest on request. */
function shown(all: readonly string[], usual: readonly string[], chosen: readonly string[], whole: boolean): string[] {
  const first = [...usual.filter((code) => all.includes(code)), ...chosen.filter((code) => !usual.includes(code) && all.includes(code))];
  return whole ? [...first, ...all.filter((code) => !first.includes(code))] : first;
}

export function Activities({ answers, onChange }: Props) {
  const { t } = useTranslation('start');
  const labels = useLabels();
  const { catalog } = useLimber();
  const [whole, setWhole] = useState(false);
  const list = shown(codes(catalog, 'activities'), USUAL_ACTIVITIES, answers.activities, whole);
  return (
    <>
      <Choice
        label={t('activities.label')}
        hideLabel
        many
        options={list.map((code) => ({ value: code, label: labels.label('activities', code) }))}
        value={answers.activities}
        onChange={(activities) => onChange({ activities })}
      />
      {whole ? null : <Button kind="plain" label={t('activities.more')} onPress={() => setWhole(true)} />}
    </>
  );
}

export function LevelStep({ answers, onChange }: Props) {
  const { t } = useTranslation('start');
  const wrong = yearOf(answers.born, new Date()) === undefined;
  return (
    <>
      <Choice
        label={t('level.label')}
        hideLabel
        options={(['beginner', 'recreational', 'trained'] as const).map((value) => ({ value, label: t(`level.${value}`), hint: t(`level.${value}Hint`) }))}
        value={answers.level as 'beginner' | 'recreational' | 'trained' | null}
        onChange={(level) => onChange({ level })}
      />
      <Field
        label={t('level.born')}
        hint={t('level.bornHint')}
        error={wrong && answers.born.trim().length >= 4 ? t('level.bornWrong') : null}
        kind="number"
        maxLength={4}
        value={answers.born}
        onChange={(born) => onChange({ born })}
      />
    </>
  );
}

export function Hurts({ answers, onChange }: Props) {
  const { t } = useTranslation('start');
  const theme = useTheme();
  const labels = useLabels();
  const { catalog } = useLimber();
  const [whole, setWhole] = useState(false);
  const press = (code: string): void =>
    onChange({ regions: answers.regions.includes(code) ? answers.regions.filter((one) => one !== code) : [...answers.regions, code] });
  const list = shown(codes(catalog, 'conditions'), USUAL_CONDITIONS, answers.conditions, whole);
  return (
    <>
      <Suspense fallback={<Spinner label={t('common:loading')} />}>
        <BodyMap by="regions" highlight={Object.fromEntries(answers.regions.map((region) => [region, 3 as const]))} onPress={press} height={260} />
      </Suspense>
      {answers.regions.length > 0 ? (
        <Choice
          label={t('hurts.how')}
          options={(['sore', 'pain', 'acute'] as const).map((value: Ache) => ({ value, label: t(`hurts.${value}`), hint: t(`hurts.${value}Hint`) }))}
          value={answers.ache}
          onChange={(ache) => onChange({ ache })}
        />
      ) : null}
      <View style={{ gap: theme.space(3) }}>
        <Text kind="heading" role="heading" level={2}>
          {t('hurts.conditions')}
        </Text>
        <Text kind="small" soft>
          {t('hurts.conditionsHint')}
        </Text>
        <Choice
          label={t('hurts.conditions')}
          hideLabel
          many
          options={list.map((code) => ({ value: code, label: labels.label('conditions', code) }))}
          value={answers.conditions}
          onChange={(conditions) => onChange({ conditions })}
        />
        {whole ? null : <Button kind="plain" label={t('hurts.moreConditions')} onPress={() => setWhole(true)} />}
        {answers.conditions.map((code) => {
          const about = labels.about('conditions', code);
          return about === undefined ? null : <Row key={code} icon="info" title={t('hurts.why', { what: about.label })} detail={about.why} />;
        })}
      </View>
      <Text kind="small" soft>
        {t('hurts.privacy')}
      </Text>
    </>
  );
}

export function Kit({ answers, onChange }: Props) {
  const { t } = useTranslation('start');
  const labels = useLabels();
  const { catalog } = useLimber();
  const list = (catalog.vocabulary.get('equipment') ? codes(catalog, 'equipment') : []).filter((code) => code !== 'wall' && code !== 'activity_venue');
  return (
    <>
      <Choice
        label={t('kit.label')}
        hideLabel
        many
        options={list.map((code) => ({ value: code, label: labels.label('equipment', code) }))}
        value={answers.equipment}
        onChange={(equipment) => onChange({ equipment })}
      />
      <View>
        <Switch label={t('kit.floor')} hint={t('kit.floorHint')} value={answers.floor} onChange={(floor) => onChange({ floor })} />
        <Switch label={t('kit.kneel')} value={answers.kneel} onChange={(kneel) => onChange({ kneel })} />
      </View>
    </>
  );
}

/** Those that cannot wait come first: a list is not always read to its end. */
const FLAGS_FIRST = ['chest_pain', 'dyspnoea_rest', 'syncope', 'palpitations', 'thunderclap', 'head_injury', 'fever_illness'];

export function Flags({ answers, onChange }: Props) {
  const { t } = useTranslation('start');
  const labels = useLabels();
  const { catalog } = useLimber();
  const order = shown(codes(catalog, 'red_flags'), FLAGS_FIRST, answers.flags, true);
  return (
    <Choice
      label={t('flags.label')}
      hideLabel
      many
      rows
      options={order.map((code) => ({ value: code, label: labels.label('red_flags', code), hint: labels.about('red_flags', code)?.about }))}
      value={answers.flags}
      onChange={(flags) => onChange({ flags })}
    />
  );
}
