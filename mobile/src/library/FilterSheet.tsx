import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot/context';
import { NO_FILTER, type Filter } from '@/domain/library';
import { codes } from '@/generator/catalog';
import { useLabels, type LabelKind } from '@/i18n/labels';
import { Button, Choice, Sheet, Slider, useTheme } from '@/ui';

interface Props {
  readonly open: boolean;
  readonly filter: Filter;
  /** Exercises that it leaves. */
  readonly count: number;
  readonly onChange: (filter: Filter) => void;
  readonly onClose: () => void;
}

export function FilterSheet({ open, filter, count, onChange, onClose }: Props) {
  const { t } = useTranslation('library');
  const { catalog } = useLimber();
  const { label } = useLabels();
  const { space } = useTheme();
  const options = (kind: LabelKind) => codes(catalog, kind).map((value) => ({ value, label: label(kind, value) }));
  const lists = ['types', 'regions', 'positions'] as const;
  return (
    <Sheet
      open={open}
      onClose={onClose}
      title={t('filter.title')}
      footer={
        <>
          <Button label={t('filter.show', { count })} onPress={onClose} wide />
          <Button kind="plain" label={t('filter.clear')} onPress={() => onChange({ ...NO_FILTER, only: filter.only })} wide />
        </>
      }
    >
      <View style={{ gap: space(7) }}>
        {lists.map((kind) => (
          <Choice key={kind} many label={t(`filter.${kind}`)} options={options(kind)} value={filter[kind]}
            onChange={(value) => onChange({ ...filter, [kind]: value })} />
        ))}
        <Choice many label={t('filter.equipment')} value={filter.equipment} onChange={(equipment) => onChange({ ...filter, equipment })}
          options={[{ value: 'none', label: t('filter.noKit') }, ...options('equipment')]} />
        <Slider label={t('filter.hardest')} min={1} max={5} step={1} value={filter.hardest} text={t(`difficulty.${filter.hardest}`)}
          onChange={(hardest) => onChange({ ...filter, hardest })} />
      </View>
    </Sheet>
  );
}
