import { Pressable, View } from 'react-native';
import { useTranslation } from 'react-i18next';

import { KINDS, type Kind } from '@/domain/ask';
import { Icon, Text, useTheme, useWide, keys, type IconName } from '@/ui';
import { spacePresses } from '@/ui/keys';

const ICON: Readonly<Record<Kind, IconName>> = { warmup: 'sun', cooldown: 'quiet', mobility: 'body', desk_break: 'desk' };

/** What the routine is for: four tiles, one chosen. */
export function KindTiles({ value, onChange }: { value: Kind; onChange: (kind: Kind) => void }) {
  const theme = useTheme();
  const wide = useWide();
  const { t } = useTranslation('home');
  const at = KINDS.indexOf(value);
  const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  return (
    <View
      role="radiogroup"
      aria-label={t('kind.label')}
      style={{ flexDirection: 'row', flexWrap: 'wrap', gap: theme.space(3) }}
      {...keys((event) => {
        const step = steps[event.key];
        if (step === undefined) return;
        event.preventDefault();
        const next = (at + step + KINDS.length) % KINDS.length;
        onChange(KINDS[next]!);
        const group = event.currentTarget as { querySelectorAll?: (selector: string) => ArrayLike<{ focus(): void }> } | undefined;
        group?.querySelectorAll?.('[role=radio]')[next]?.focus();
      })}
    >
      {KINDS.map((kind) => (
        <Tile key={kind} kind={kind} chosen={kind === value} onPress={() => onChange(kind)} half={!wide || theme.scale > 1.3} />
      ))}
    </View>
  );
}

function Tile({ kind, chosen, onPress, half }: { kind: Kind; chosen: boolean; onPress: () => void; half: boolean }) {
  const theme = useTheme();
  const { color } = theme;
  const { t } = useTranslation('home');
  const ink = chosen ? color.onAccent : color.ink;
  return (
    <Pressable
      role="radio"
      aria-checked={chosen}
      tabIndex={chosen ? 0 : -1}
      onPress={onPress}
      {...spacePresses(onPress)}
      style={({ pressed }) => ({
        flexGrow: 1, flexBasis: half ? '46%' : '22%', minHeight: 92, borderRadius: theme.radius.card, padding: theme.space(4), gap: theme.space(2),
        justifyContent: 'space-between',
        backgroundColor: chosen ? color.accent : color.surface,
        borderWidth: 1.5, borderColor: chosen ? color.accent : theme.name === 'contrast' ? color.edge : color.line,
        opacity: pressed ? 0.85 : 1,
      })}
    >
      <Icon name={ICON[kind]} color={chosen ? color.onAccent : color.accent} />
      <View>
        <Text kind="heading" color={ink}>
          {t(`kind.${kind}`)}
        </Text>
        <Text kind="small" color={chosen ? color.onAccent : color.inkSoft}>
          {t(`kind.hint.${kind}`)}
        </Text>
      </View>
    </Pressable>
  );
}
