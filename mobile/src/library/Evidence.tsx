import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot/context';
import { citationsOf } from '@/domain/content';
import { citations, rulesOf } from '@/domain/evidence';
import type { Described } from '@/domain/library';
import { useLabels } from '@/i18n/labels';
import { Section, Text, useTheme } from '@/ui';

/** In full where the editors wrote it out. */
function cited(full: readonly string[], short: readonly string[]): readonly string[] {
  return full.length > 0 ? full : short;
}

/** The rules behind an exercise, in plain words, with how sure they are and where it is written. */
export function Evidence({ exercise }: { exercise: Described }) {
  const { t } = useTranslation('library');
  const { catalog } = useLimber();
  const { label } = useLabels();
  const { color, space, radius } = useTheme();
  return (
    <Section title={t('evidence.title')} detail={t('evidence.text')}>
      {rulesOf(catalog, exercise).map((rule) => (
        <View key={rule.id} style={{ gap: space(1), borderStartWidth: 3, borderColor: color.line, paddingStart: space(4), borderRadius: radius.small / 4 }}>
          <Text>{label('rules', rule.id)}</Text>
          <Text kind="label" color={color.accent}>{t(`evidence.grade${rule.grade}`)}</Text>
          <Text kind="small" soft>{cited(citationsOf(catalog, rule.id), citations(rule)).join('; ')}</Text>
        </View>
      ))}
    </Section>
  );
}
