import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import type { Play } from '@/domain/play';
import { secondsOf } from '@/domain/timeline';
import { useLabels } from '@/i18n/labels';
import { useTheme, type Colors } from '@/ui';

export function phaseColor(color: Colors, phase: string): string {
  return phase in color.phase ? color.phase[phase as keyof Colors['phase']] : color.accent;
}

/** The whole routine at a glance: a piece for each exercise, as long as it takes, in its phase's colour. */
export function PhaseStrip({ play }: { play: Play }) {
  const { t } = useTranslation('player');
  const { label } = useLabels();
  const { color } = useTheme();
  const pieces = play.items.map((item, place) => ({ item, place }))
    .filter(({ item }) => item.state !== 'swapped' && item.state !== 'left_out');
  const at = pieces.findIndex(({ place }) => place === play.at.item);
  const now = play.items[play.at.item]!;
  return (
    <View
      role="progressbar"
      aria-label={t('strip', { at: at + 1, of: pieces.length, phase: label('phases', now.phase) })}
      aria-valuemin={0} aria-valuemax={pieces.length} aria-valuenow={at + 1}
      style={{ flexDirection: 'row', gap: 3, alignItems: 'center', height: 12 }}
    >
      {pieces.map(({ item, place }) => {
        const length = secondsOf(item, play.pace);
        const share = place === play.at.item ? Math.min(item.spentMs / 1000 / length, 1) : item.state === 'todo' ? 0 : 1;
        const here = place === play.at.item;
        return (
          <View key={place} style={{ flexGrow: length, flexBasis: 0, height: here ? 10 : 6, borderRadius: 5, overflow: 'hidden', backgroundColor: color.line }}>
            <View style={{ width: `${Math.round(share * 100)}%`, height: '100%', backgroundColor: phaseColor(color, item.phase), opacity: item.state === 'skipped' || item.state === 'hurt' ? 0.35 : 1 }} />
          </View>
        );
      })}
    </View>
  );
}
