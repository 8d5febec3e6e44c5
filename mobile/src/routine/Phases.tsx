import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { lengthen, lengthS, move, remove, swap, type Draft, type Edit, type PlanItem } from '@/domain/draft';
import { useLabels } from '@/i18n/labels';
import { Text, useTheme, useWide, type Colors } from '@/ui';

import { ItemCard } from './ItemCard';
import { SwapSheet } from './SwapSheet';
import { useRoutineWords } from './words';

interface Props {
  readonly draft: Draft;
  readonly onEdit: (result: Edit, text: (after: Draft) => string) => void;
}

interface Run {
  readonly phase: string;
  readonly items: readonly { readonly item: PlanItem; readonly place: number }[];
}

/** Neighbours of one phase together; edits may make a phase come twice. */
function runs(items: readonly PlanItem[]): Run[] {
  const found: { phase: string; items: { item: PlanItem; place: number }[] }[] = [];
  items.forEach((item, place) => {
    const last = found.at(-1);
    if (last?.phase === item.phase) last.items.push({ item, place });
    else found.push({ phase: item.phase, items: [{ item, place }] });
  });
  return found;
}

/** The routine from top to bottom, phase by phase. */
export function Phases({ draft, onEdit }: Props) {
  const { catalog } = useLimber();
  const { t } = useTranslation('routine');
  const theme = useTheme();
  const labels = useLabels();
  const words = useRoutineWords();
  const [open, setOpen] = useState<string | null>(null);
  const [swapping, setSwapping] = useState<number | null>(null);
  const name = (slug: string): string => labels.exercise(slug).name;
  const all = runs(draft.items);
  return (
    <View style={{ gap: theme.space(8) }}>
      <Timeline runs={all} />
      {all.map((run) => (
        <View key={`${run.phase} ${run.items[0]!.place}`} role="group" aria-label={labels.label('phases', run.phase)} style={{ gap: theme.space(3) }}>
          <View style={{ flexDirection: 'row', alignItems: 'baseline', gap: theme.space(3), flexWrap: 'wrap' }}>
            <Text kind="heading" role="heading" level={2} color={phaseColor(theme.color, run.phase)}>
              {labels.label('phases', run.phase)}
            </Text>
            <Text kind="small" soft>
              {words.minutes(run.items.reduce((sum, { item }) => sum + lengthS(item), 0))}
            </Text>
          </View>
          {run.items.map(({ item, place }) => (
            <ItemCard
              key={item.slug}
              item={item}
              place={place}
              last={draft.items.length - 1}
              open={open === item.slug}
              onToggle={() => setOpen(open === item.slug ? null : item.slug)}
              onRemove={() => onEdit(remove(catalog, draft, place), () => t('edit.removed', { name: name(item.slug) }))}
              onMove={(by) => onEdit(move(catalog, draft, place, by), () => t('edit.moved', { name: name(item.slug), place: place + by + 1 }))}
              onLength={(by) =>
                onEdit(lengthen(catalog, draft, place, by), (after) => t('edit.timed', { name: name(item.slug), dose: words.dose(after.items[place]!) }))}
              onSwap={() => setSwapping(place)}
            />
          ))}
        </View>
      ))}
      {swapping !== null && draft.items[swapping] ? (
        <SwapSheet
          draft={draft}
          place={swapping}
          onClose={() => setSwapping(null)}
          onChoose={(slug) => {
            setSwapping(null);
            setOpen(null);
            onEdit(swap(catalog, draft, swapping, slug), () => t('edit.swapped', { name: name(slug) }));
          }}
        />
      ) : null}
    </View>
  );
}

export function phaseColor(color: Colors, phase: string): string {
  return color.phase[phase as keyof Colors['phase']] ?? color.accent;
}

/** How the time is shared out, as a band; decoration, since the headings say the same. */
function Timeline({ runs: all }: { runs: readonly Run[] }) {
  const theme = useTheme();
  const wide = useWide();
  return (
    <View aria-hidden style={{ flexDirection: 'row', gap: 3, height: wide ? 14 : 12 }}>
      {all.flatMap((run) =>
        run.items.map(({ item }, at) => (
          <View
            key={item.slug}
            style={{
              flexGrow: lengthS(item), flexBasis: 0, backgroundColor: phaseColor(theme.color, run.phase),
              borderStartStartRadius: at === 0 ? 7 : 2, borderEndStartRadius: at === 0 ? 7 : 2,
              borderStartEndRadius: at === run.items.length - 1 ? 7 : 2, borderEndEndRadius: at === run.items.length - 1 ? 7 : 2,
            }}
          />
        )),
      )}
    </View>
  );
}
