import { View } from 'react-native';

import type { Fit } from '@/domain/fit';
import type { Play } from '@/domain/play';
import { useLabels } from '@/i18n/labels';
import { Text, useTheme } from '@/ui';

export interface Gone {
  readonly slug: string;
  /** As `left_out` says it. */
  readonly because: readonly string[];
}

/** What was left out since the routine was made, because something became known of the person. */
export function leftOutSince(play: Play, fit: Fit | null): Gone[] {
  if (fit === null) return [];
  return play.items.filter(({ state }) => state === 'left_out')
    .map(({ slug }) => ({ slug, because: fit.against(slug) })).filter(({ because }) => because.length > 0);
}

/** Each with its reason. */
export function Reasons({ gone }: { gone: readonly Gone[] }) {
  const { space } = useTheme();
  const labels = useLabels();
  return (
    <View role="list" style={{ gap: space(3) }}>
      {gone.map(({ slug, because }) => (
        <View key={slug} role="listitem">
          <Text kind="label">{labels.exercise(slug).name}</Text>
          <Text kind="small" soft>{`${because.map(labels.because).join('. ')}.`}</Text>
        </View>
      ))}
    </View>
  );
}
