import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Pressable, View } from 'react-native';

import { dayOf, keptOut, type Described, type Pref } from '@/domain/library';
import { Figure } from '@/figure/Figure';
import { useLabels } from '@/i18n/labels';
import { Icon, Text, useTheme } from '@/ui';

interface Props {
  readonly exercise: Described;
  readonly pref: Partial<Pref> | undefined;
  /** What keeps it from this person now, a sentence each. */
  readonly against?: readonly string[];
  readonly onPress: (slug: string) => void;
}

/** One exercise in a list: picture, name, kind, how hard, and what speaks against it. */
export const ExerciseRow = memo(function ExerciseRow({ exercise, pref, against = [], onPress }: Props) {
  const { t } = useTranslation('library');
  const { label, exercise: words } = useLabels();
  const { color, space, radius } = useTheme();
  const { name } = words(exercise.slug);
  const out = keptOut(pref, dayOf(new Date()));
  const favourite = pref?.favourite === true;
  const detail = [
    label('types', exercise.type), t(`difficulty.${exercise.difficulty}`), ...(favourite ? [t('mine.favourite')] : []), ...(out ? [t('only.kept_out')] : []),
  ].join(' · ');
  return (
    <Pressable
      role="link"
      onPress={() => onPress(exercise.slug)}
      style={({ pressed }) => ({
        flexDirection: 'row', alignItems: 'center', gap: space(4), paddingVertical: space(2), minHeight: 76, opacity: pressed ? 0.7 : 1,
      })}
    >
      <View aria-hidden style={{ borderRadius: radius.small, backgroundColor: color.surface, opacity: out ? 0.5 : 1 }}>
        <Figure slug={exercise.slug} size={68} still />
      </View>
      <View style={{ flex: 1, minWidth: 0 }}>
        <Text kind="label">{name}</Text>
        <Text kind="small" soft>{detail}</Text>
        {against.length > 0 ? <Text kind="small" color={color.warn}>{`${t('notNow')}. ${against.join('. ')}.`}</Text> : null}
      </View>
      {favourite ? <Icon name="heart-filled" size={20} color={color.spark} /> : null}
      {out ? <Icon name="thumb-down" size={20} color={color.inkSoft} /> : null}
    </Pressable>
  );
});
