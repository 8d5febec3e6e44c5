import { useRouter } from 'expo-router';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot/context';
import { guideOf, guideWords, variants, type GuideWords } from '@/domain/content';
import { described, type Described } from '@/domain/library';
import { useLabels } from '@/i18n/labels';
import { Section, Text, useTheme } from '@/ui';

import { ExerciseRow } from './ExerciseRow';
import { usePrefs } from './prefs';
import { useNotNow } from './useNotNow';

/** How it is done, step by step; the cue alone where the catalogue has no more words. */
export function Guide({ exercise }: { exercise: Described }) {
  const { t } = useTranslation('library');
  const { catalog } = useLimber();
  const { exercise: words, language } = useLabels();
  const guide = guideWords(guideOf(catalog, exercise.slug), language);
  if (guide === undefined) {
    return (
      <Section title={t('how')}>
        <Text>{words(exercise.slug).cue}</Text>
      </Section>
    );
  }
  return (
    <>
      <Text>{guide.purpose}</Text>
      <Section title={t('how')}>
        <Text kind="label">{words(exercise.slug).cue}</Text>
        <Lines lines={guide.steps} numbered />
        <Text kind="small" soft>{`${t('guide.breathing')}: ${guide.breathing}`}</Text>
      </Section>
      <Section title={t('guide.feel')}>
        <Text>{guide.feel}</Text>
      </Section>
      <Section title={t('guide.mistakes')}>
        <Lines lines={guide.mistakes} />
      </Section>
      <Safety exercise={exercise} guide={guide} />
    </>
  );
}

function Lines({ lines, numbered = false }: { lines: readonly string[]; numbered?: boolean }) {
  const { color, space } = useTheme();
  return (
    <View role="list" style={{ gap: space(2) }}>
      {lines.map((line, place) => (
        <View key={line} role="listitem" style={{ flexDirection: 'row', gap: space(3) }}>
          <Text kind="label" color={color.accent} style={{ minWidth: space(5) }}>{numbered ? `${place + 1}.` : '–'}</Text>
          <View style={{ flex: 1 }}>
            <Text>{line}</Text>
          </View>
        </View>
      ))}
    </View>
  );
}

/** Only of the hazards that the exercise has now: a guide may know more. */
function Safety({ exercise, guide }: { exercise: Described; guide: GuideWords }) {
  const { t } = useTranslation('library');
  const { space } = useTheme();
  const { label } = useLabels();
  const notes = exercise.hazards.flatMap((code) => (guide.safety[code] === undefined ? [] : [[code, guide.safety[code]] as const]));
  if (notes.length === 0) return null;
  return (
    <Section title={t('guide.safety')}>
      {notes.map(([code, note]) => (
        <View key={code} style={{ gap: space(1) }}>
          <Text kind="label">{capital(label('hazards', code))}</Text>
          <Text>{note}</Text>
        </View>
      ))}
    </Section>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The easier and the harder variant, as the editors linked them; one that does not suit this person now says why. */
export function Variants({ exercise }: { exercise: Described }) {
  const { t } = useTranslation('library');
  const router = useRouter();
  const { catalog } = useLimber();
  const prefs = usePrefs();
  const notNow = useNotNow();
  const found = variants(catalog, exercise.slug);
  return (
    <>
      {(['easier', 'harder'] as const).map((side) => {
        const other = found[side] === null ? undefined : described(catalog, found[side]);
        return (
          <Section key={side} title={t(`neighbours.${side}`)}>
            {other === undefined ? <Text soft>{t('neighbours.none')}</Text> : (
              <ExerciseRow
                exercise={other} pref={prefs?.get(other.slug)} against={notNow(other.slug)} onPress={(slug) => router.push(`/library/${slug}` as '/')}
              />
            )}
          </Section>
        );
      })}
    </>
  );
}
