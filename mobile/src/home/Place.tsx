import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import type { Ask } from '@/domain/ask';
import { codes } from '@/generator/catalog';
import { useLabels } from '@/i18n/labels';
import { Button, Chip, Chips, Choice, Sheet, Text, useTheme, type IconName } from '@/ui';

/** Always there: nobody is asked for them. */
const GIVEN = new Set(['none', 'wall']);

const TOGGLES: readonly { readonly field: 'floor' | 'roomy' | 'loud' | 'seated'; readonly icon: IconName }[] = [
  { field: 'floor', icon: 'floor' }, { field: 'roomy', icon: 'space' }, { field: 'loud', icon: 'sound' }, { field: 'seated', icon: 'chair' },
];

/** Where one is, and what is within reach. */
export function Place({ ask, onChange }: { ask: Ask; onChange: (change: Partial<Ask>) => void }) {
  const { t } = useTranslation('home');
  const theme = useTheme();
  const labels = useLabels();
  const { catalog } = useLimber();
  const [open, setOpen] = useState(false);
  const kit = codes(catalog, 'equipment').filter((code) => !GIVEN.has(code));
  const names = ask.equipment.map((code) => labels.label('equipment', code));
  return (
    <View style={{ gap: theme.space(3) }}>
      <View role="group" aria-label={t('place.title')}>
        <Chips>
          {TOGGLES.map(({ field, icon }) => (
            <Chip key={field} icon={icon} label={t(`place.${field}`)} selected={ask[field]} onPress={() => onChange({ [field]: !ask[field] })} />
          ))}
        </Chips>
      </View>
      <View style={{ flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', columnGap: theme.space(2) }}>
        <Button kind="plain" icon="band" label={t('place.kit')} onPress={() => setOpen(true)} />
        <Text kind="small" soft style={{ flexShrink: 1 }}>
          {names.length > 0 ? names.join(', ') : t('place.kitNone')}
        </Text>
      </View>
      <Sheet open={open} onClose={() => setOpen(false)} title={t('place.kit')} footer={<Button label={t('place.kitDone')} onPress={() => setOpen(false)} wide />}>
        <Text kind="small" soft>
          {t('place.kitHint')}
        </Text>
        <Choice
          label={t('place.kit')}
          hideLabel
          many
          options={kit.map((code) => ({ value: code, label: labels.label('equipment', code) }))}
          value={ask.equipment}
          onChange={(equipment) => onChange({ equipment })}
        />
      </Sheet>
    </View>
  );
}

const STARTS = [0, 5, 10, 20, 30, 60] as const;

/** How long until it starts: what is loosened too early is stiff again. */
export function StartsIn({ value, onChange }: { value: number | null; onChange: (minutes: number | null) => void }) {
  const { t } = useTranslation('home');
  return (
    <Choice
      label={t('start.label')}
      options={STARTS.map((minutes) => ({
        value: String(minutes), label: minutes === 0 ? t('start.open') : t('start.in', { count: minutes }),
      }))}
      value={String(value ?? 0)}
      onChange={(chosen) => onChange(chosen === '0' ? null : Number(chosen))}
    />
  );
}
