import { useRouter } from 'expo-router';
import { useTranslation } from 'react-i18next';
import { Pressable, View } from 'react-native';

import type { PlanItem } from '@/domain/draft';
import { Figure } from '@/figure/Figure';
import { useLabels } from '@/i18n/labels';

import { Button, Chips, Icon, Text, useTheme } from '@/ui';

import { phaseColor } from './Phases';
import { useRoutineWords } from './words';

interface Props {
  readonly item: PlanItem;
  readonly place: number;
  /** Place of the routine's last item. */
  readonly last: number;
  readonly open: boolean;
  readonly onToggle: () => void;
  readonly onSwap: () => void;
  readonly onRemove: () => void;
  readonly onMove: (by: 1 | -1) => void;
  readonly onLength: (by: 1 | -1) => void;
}

/** One exercise: figure, name, dose and why; opened, what can be done with it. */
export function ItemCard({ item, place, last, open, onToggle, onSwap, onRemove, onMove, onLength }: Props) {
  const theme = useTheme();
  const { color } = theme;
  const { t } = useTranslation('routine');
  const labels = useLabels();
  const words = useRoutineWords();
  const reason = useItemReason(item);
  const { name, cue } = labels.exercise(item.slug);
  const dose = words.dose(item);
  const stacked = theme.scale > 1.3;
  return (
    <View
      style={{
        borderRadius: theme.radius.card, backgroundColor: color.surface, borderWidth: 1, overflow: 'hidden',
        borderColor: theme.name === 'contrast' ? color.edge : color.line,
      }}
    >
      <View style={{ position: 'absolute', top: 0, bottom: 0, start: 0, width: 5, backgroundColor: phaseColor(color, item.phase) }} />
      <Pressable
        role="button"
        aria-expanded={open}
        accessibilityHint={t('item.more', { name })}
        onPress={onToggle}
        style={({ pressed }) => ({
          flexDirection: stacked ? 'column' : 'row', alignItems: stacked ? 'flex-start' : 'center', gap: theme.space(3),
          padding: theme.space(3), paddingStart: theme.space(4), opacity: pressed ? 0.75 : 1,
        })}
      >
        <View aria-hidden style={{ borderRadius: theme.radius.small + 4, backgroundColor: color.bg, overflow: 'hidden' }}>
          <Figure slug={item.slug} size={80} still />
        </View>
        <View style={{ flexGrow: 1, flexShrink: 1, flexBasis: stacked ? 'auto' : 0, minWidth: 0, gap: 2 }}>
          <Text kind="label" style={{ fontSize: theme.type.body.fontSize }}>
            {name}
          </Text>
          <Text kind="label" color={phaseColor(color, item.phase)}>
            {dose}
          </Text>
          <Text kind="small" soft>
            {reason}
          </Text>
        </View>
        <Icon name={open ? 'up' : 'down'} size={20} color={color.inkSoft} />
      </Pressable>
      {open ? (
        <View style={{ padding: theme.space(4), paddingTop: 0, gap: theme.space(4) }}>
          <View style={{ alignItems: 'center', borderRadius: theme.radius.card, backgroundColor: color.bg }}>
            <Figure slug={item.slug} size={220} playing />
          </View>
          <Text>{cue}</Text>
          {item.rules.length > 0 ? (
            <View style={{ gap: theme.space(1) }}>
              <Text kind="label" soft>
                {t('item.rules')}
              </Text>
              {item.rules.map((rule) => (
                <Text key={rule} kind="small" soft>
                  {labels.label('rules', rule)}
                </Text>
              ))}
            </View>
          ) : null}
          <Actions {...{ item, place, last, onSwap, onRemove, onMove, onLength }} name={name} />
        </View>
      ) : null}
    </View>
  );
}

function Actions({ item, place, last, onSwap, onRemove, onMove, onLength, name }: Omit<Props, 'open' | 'onToggle'> & { name: string }) {
  const router = useRouter();
  const { t } = useTranslation('routine');
  return (
    <View role="group" aria-label={name}>
      <Chips>
        <Button kind="quiet" icon="swap" label={t('item.swap')} onPress={onSwap} />
        <Button kind="plain" icon="minus" label={t('item.shorter')} onPress={() => onLength(-1)} />
        <Button kind="plain" icon="plus" label={t('item.longer')} onPress={() => onLength(1)} />
        {place > 0 ? <Button kind="plain" icon="up" label={t('item.up')} onPress={() => onMove(-1)} /> : null}
        {place < last ? <Button kind="plain" icon="down" label={t('item.down')} onPress={() => onMove(1)} /> : null}
        <Button kind="plain" icon="trash" label={t('item.remove')} onPress={onRemove} />
        <Button kind="plain" icon="info" label={t('item.details')} onPress={() => router.push(`/library/${item.slug}`)} />
      </Chips>
    </View>
  );
}

function useItemReason(item: PlanItem): string {
  const { t } = useTranslation('routine');
  const labels = useLabels();
  if (item.insteadOf !== undefined) return t('item.chosen', { name: labels.exercise(item.insteadOf).name });
  return item.reason === '' ? t('item.yours') : labels.reason(item.reason);
}
