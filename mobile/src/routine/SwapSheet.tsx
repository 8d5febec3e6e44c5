import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { swap, swaps, type Draft } from '@/domain/draft';
import { Figure } from '@/figure/Figure';
import { useLabels } from '@/i18n/labels';
import { Row, Sheet, Text, useTheme } from '@/ui';

import { useFit } from '@/you/useFit';

import { useRoutineWords } from './words';

interface Props {
  readonly draft: Draft;
  readonly place: number;
  readonly onClose: () => void;
  readonly onChoose: (slug: string) => void;
}

/** What may come in for an item: only what suits this person here and now, best first. */
export function SwapSheet({ draft, place, onClose, onChoose }: Props) {
  const { catalog } = useLimber();
  const { t } = useTranslation('routine');
  const theme = useTheme();
  const labels = useLabels();
  const words = useRoutineWords();
  const fit = useFit(draft.made);
  const options = useMemo(
    () => (fit === null ? [] : swaps(catalog, draft, place).filter((slug) => fit.suits(slug))), [catalog, draft, fit, place],
  );
  const doseOf = (slug: string): string => {
    const edit = swap(catalog, draft, place, slug);
    return edit.ok ? words.dose(edit.draft.items[place]!) : '';
  };
  return (
    <Sheet open onClose={onClose} title={t('item.swapFor', { name: labels.exercise(draft.items[place]!.slug).name })}>
      {options.length === 0 && fit !== null ? <Text soft>{t('item.swapNone')}</Text> : null}
      <View>
        {options.map((slug, at) => (
          <View key={slug} style={{ borderTopWidth: at > 0 ? 1 : 0, borderColor: theme.color.line }}>
            <Row
              title={labels.exercise(slug).name}
              detail={doseOf(slug)}
              start={
                <View aria-hidden>
                  <Figure slug={slug} size={64} still />
                </View>
              }
              onPress={() => onChoose(slug)}
            />
          </View>
        ))}
      </View>
    </Sheet>
  );
}
