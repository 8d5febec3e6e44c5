import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import type { LeftOut as LeftOutItem } from '@/generator/decode';
import { useLabels, type Labels } from '@/i18n/labels';
import { Notice, Section, Text, useTheme } from '@/ui';

/** What to mind, in one box. */
export function Warnings({ codes }: { codes: readonly string[] }) {
  const { t } = useTranslation('routine');
  const labels = useLabels();
  if (codes.length === 0) return null;
  return (
    <Notice kind="info" title={t('notices')}>
      {codes.map((code) => (
        <Text key={code} kind="small">
          {codes.length > 1 ? `• ${labels.label('warnings', code)}` : labels.label('warnings', code)}
        </Text>
      ))}
    </Notice>
  );
}

/** What the activity asks for and nothing in the routine answers. */
export function Missing({ missing, labels }: { missing: Readonly<Record<string, readonly string[]>>; labels: Labels }) {
  const { t } = useTranslation('routine');
  const names = [
    ...(missing.muscles ?? []).map((code) => labels.label('muscles', code)),
    ...(missing.moves ?? []).map((code) => labels.label('moves', code)),
  ];
  if (names.length === 0) return null;
  return (
    <Text kind="small" soft>
      {t('missing', { what: names.join(', ') })}
    </Text>
  );
}

/** What would have suited and was kept out, with the reason. */
export function LeftOut({ items }: { items: readonly LeftOutItem[] }) {
  const { t } = useTranslation('routine');
  const theme = useTheme();
  const labels = useLabels();
  if (items.length === 0) return null;
  return (
    <Section title={t('leftOut.title')} detail={t('leftOut.lead')}>
      <View role="list" style={{ gap: theme.space(3) }}>
        {items.map(({ slug, because }) => (
          <View key={slug} role="listitem" style={{ borderStartWidth: 3, borderColor: theme.color.line, paddingStart: theme.space(4) }}>
            <Text kind="label">{labels.exercise(slug).name}</Text>
            <Text kind="small" soft>
              {labels.because(because)}
            </Text>
          </View>
        ))}
      </View>
    </Section>
  );
}
