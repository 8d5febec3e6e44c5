import { Pressable, View, type PressableProps } from 'react-native';

import { Icon } from './Icon';
import type { IconName } from './icons';
import { spacePresses } from './keys';
import { Spinning } from './Spinning';
import { Text } from './Text';
import { useTheme } from './theme';
import { TOUCH, type Colors } from './tokens';

/** `go`: the one lively action of a screen. `primary`: what most people do here. */
export type ButtonKind = 'go' | 'primary' | 'quiet' | 'plain' | 'danger';

const DRESS: Readonly<Record<ButtonKind, (color: Colors) => { ground: string; ink: string; edge: string }>> = {
  go: (c) => ({ ground: c.spark, ink: c.onSpark, edge: c.spark }),
  primary: (c) => ({ ground: c.accent, ink: c.onAccent, edge: c.accent }),
  quiet: (c) => ({ ground: c.accentSoft, ink: c.ink, edge: c.accentSoft }),
  plain: (c) => ({ ground: 'transparent', ink: c.accent, edge: 'transparent' }),
  danger: (c) => ({ ground: c.dangerSoft, ink: c.danger, edge: c.danger }),
};

interface Props {
  readonly label: string;
  readonly onPress: () => void;
  readonly kind?: ButtonKind;
  readonly icon?: IconName;
  /** Working: says so, and cannot be pressed. */
  readonly busy?: boolean;
  readonly disabled?: boolean;
  /** What happens, for a screen reader, where the label does not say it all. */
  readonly hint?: string;
  /** As wide as its surroundings. */
  readonly wide?: boolean;
}

export function Button({ label, onPress, kind = 'primary', icon, busy, disabled, hint, wide }: Props) {
  const theme = useTheme();
  const { ground, ink, edge } = DRESS[kind](theme.color);
  const outlined = theme.name === 'contrast' && kind !== 'plain';
  return (
    <Pressable
      role="button"
      aria-label={label}
      accessibilityHint={hint}
      aria-busy={busy ?? false}
      aria-disabled={disabled || busy ? true : undefined}
      disabled={disabled || busy}
      onPress={onPress}
      style={({ pressed }) => ({
        minHeight: kind === 'plain' ? TOUCH : 52,
        minWidth: TOUCH,
        paddingHorizontal: theme.space(kind === 'plain' ? 3 : 6),
        paddingVertical: theme.space(2),
        borderRadius: theme.radius.pill,
        borderWidth: kind === 'danger' || outlined ? 1.5 : 0,
        borderColor: outlined ? theme.color.edge : edge,
        backgroundColor: ground,
        opacity: disabled ? 0.5 : pressed ? 0.8 : 1,
        flexDirection: 'row',
        alignItems: 'center',
        justifyContent: 'center',
        gap: theme.space(2),
        alignSelf: wide ? 'stretch' : 'auto',
        flexShrink: 1,
      })}
    >
      {busy ? <Spinning color={ink} size={20} /> : icon ? <Icon name={icon} size={20} color={ink} /> : null}
      <Text kind="label" color={ink} center style={{ fontSize: theme.type.label.fontSize + 1, flexShrink: 1 }}>
        {label}
      </Text>
    </Pressable>
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onPress: () => void;
  /** Of a button that stays down; absent for one that does not. */
  readonly selected?: boolean;
  readonly disabled?: boolean;
  readonly color?: string;
  /** Filled ground: for the few that must be found at once. */
  readonly filled?: boolean;
  readonly size?: number;
  /** Of a button that opens and closes something. */
  readonly expanded?: boolean;
}

export function IconButton({ icon, label, onPress, selected, disabled, color, filled, size = 22, expanded }: IconButtonProps) {
  const theme = useTheme();
  const ground = selected || filled ? theme.color.accentSoft : 'transparent';
  const side = Math.max(TOUCH, Math.round(size * 2));
  return (
    <Pressable
      role="button"
      aria-label={label}
      aria-pressed={selected}
      aria-expanded={expanded}
      accessibilityState={{ selected, disabled, expanded }}
      disabled={disabled}
      onPress={onPress}
      style={({ pressed }) => ({
        minWidth: side,
        minHeight: side,
        borderRadius: theme.radius.pill,
        alignItems: 'center',
        justifyContent: 'center',
        backgroundColor: ground,
        opacity: disabled ? 0.4 : pressed ? 0.6 : 1,
      })}
    >
      <Icon name={icon} size={size} color={color ?? (selected ? theme.color.accent : theme.color.ink)} />
    </Pressable>
  );
}

interface ChipProps {
  readonly label: string;
  readonly selected: boolean;
  readonly onPress: () => void;
  readonly icon?: IconName;
  /** In a radiogroup one is `radio`; on its own or among several that may be on, `checkbox`. */
  readonly role?: 'checkbox' | 'radio';
  /** More than the label says, for a screen reader. */
  readonly name?: string;
  readonly extra?: PressableProps;
}

export function Chip({ label, selected, onPress, icon, role = 'checkbox', name, extra }: ChipProps) {
  const theme = useTheme();
  const ink = selected ? theme.color.onAccent : theme.color.ink;
  return (
    <Pressable
      role={role}
      aria-checked={selected}
      aria-label={name ?? label}
      onPress={onPress}
      {...spacePresses(onPress)}
      {...extra}
      style={({ pressed }) => ({
        minHeight: TOUCH,
        paddingHorizontal: theme.space(4),
        paddingVertical: theme.space(2),
        borderRadius: theme.radius.pill,
        borderWidth: 1.5,
        borderColor: selected ? theme.color.accent : theme.color.edge,
        backgroundColor: selected ? theme.color.accent : 'transparent',
        opacity: pressed ? 0.75 : 1,
        flexDirection: 'row',
        alignItems: 'center',
        justifyContent: 'center',
        gap: theme.space(1.5),
        maxWidth: '100%',
      })}
    >
      {selected ? <Icon name="check" size={18} color={ink} /> : icon ? <Icon name={icon} size={18} color={ink} /> : null}
      <Text kind="label" color={ink} style={{ flexShrink: 1 }}>
        {label}
      </Text>
    </Pressable>
  );
}

/** Chips that wrap. */
export function Chips({ children }: { children: React.ReactNode }) {
  const theme = useTheme();
  return <View style={{ flexDirection: 'row', flexWrap: 'wrap', gap: theme.space(2) }}>{children}</View>;
}
