import { useId } from 'react';
import { Pressable, View } from 'react-native';

import { Chip, Chips } from './Button';
import { Icon } from './Icon';
import type { IconName } from './icons';
import { keys, spacePresses, type Key } from './keys';
import { Text } from './Text';
import { useTheme } from './theme';
import { TOUCH } from './tokens';

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
  readonly icon?: IconName;
}

interface Base<T extends string> {
  readonly label: string;
  readonly options: readonly Option<T>[];
  /** The label is said, but not shown: where a heading above says the same. */
  readonly hideLabel?: boolean;
  /** Rows with room for a hint rather than chips; by itself where an option has a hint. */
  readonly rows?: boolean;
}

interface One<T extends string> extends Base<T> {
  readonly many?: false;
  readonly value: T | null;
  readonly onChange: (value: T) => void;
}

interface Many<T extends string> extends Base<T> {
  readonly many: true;
  readonly value: readonly T[];
  readonly onChange: (value: T[]) => void;
}

/** One of several (a radio group: arrow keys move) or any of several (checkboxes). */
export function Choice<T extends string>(props: One<T> | Many<T>) {
  const { label, options, hideLabel } = props;
  const theme = useTheme();
  const id = useId();
  const chosen = (value: T): boolean => (props.many ? props.value.includes(value) : props.value === value);
  const press = (value: T): void => {
    if (!props.many) props.onChange(value);
    else props.onChange(chosen(value) ? props.value.filter((one) => one !== value) : [...props.value, value]);
  };
  const move = (event: Key): void => {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (way === undefined || props.many) return;
    event.preventDefault();
    const at = options.findIndex(({ value }) => value === props.value);
    const next = (at + way + options.length) % options.length;
    props.onChange(options[next]!.value);
    focusOption(event.currentTarget, next);
  };
  const rows = props.rows ?? options.some(({ hint }) => hint !== undefined);
  const role = props.many ? 'checkbox' : 'radio';
  // Only the chosen radio is on the way of Tab, the first where none is.
  const stop = (value: T, at: number): 0 | -1 =>
    props.many || chosen(value) || (at === 0 && !options.some((one) => chosen(one.value))) ? 0 : -1;
  const list = options.map((option, at) =>
    rows ? (
      <OptionRow key={option.value} {...option} role={role} selected={chosen(option.value)} onPress={() => press(option.value)} tabIndex={stop(option.value, at)} />
    ) : (
      <Chip
        key={option.value}
        label={option.label}
        icon={option.icon}
        role={role}
        selected={chosen(option.value)}
        onPress={() => press(option.value)}
        extra={{ tabIndex: stop(option.value, at) }}
      />
    ),
  );
  return (
    <View style={{ gap: theme.space(3) }}>
      {hideLabel ? null : (
        <Text kind="label" soft>
          {label}
        </Text>
      )}
      <View role={props.many ? 'group' : 'radiogroup'} aria-label={label} id={id} {...keys(move)}>
        {rows ? <View style={{ gap: theme.space(2) }}>{list}</View> : <Chips>{list}</Chips>}
      </View>
    </View>
  );
}

/** Moves the focus with the choice; only the web has an element to ask. */
function focusOption(group: unknown, at: number): void {
  const found = (group as { querySelectorAll?: (selector: string) => ArrayLike<{ focus(): void }> } | undefined)?.querySelectorAll?.('[role=radio]');
  found?.[at]?.focus();
}

interface OptionRowProps extends Option<string> {
  readonly role: 'radio' | 'checkbox';
  readonly selected: boolean;
  readonly onPress: () => void;
  readonly tabIndex: 0 | -1;
}

function OptionRow({ label, hint, icon, role, selected, onPress, tabIndex }: OptionRowProps) {
  const theme = useTheme();
  const { color } = theme;
  return (
    <Pressable
      role={role}
      aria-checked={selected}
      onPress={onPress}
      tabIndex={tabIndex}
      {...spacePresses(onPress)}
      style={({ pressed }) => ({
        minHeight: TOUCH + 8,
        flexDirection: 'row',
        alignItems: 'center',
        gap: theme.space(3),
        paddingHorizontal: theme.space(4),
        paddingVertical: theme.space(3),
        borderRadius: theme.radius.card,
        borderWidth: 1.5,
        borderColor: selected ? color.accent : color.line,
        backgroundColor: selected ? color.accentSoft : color.surface,
        opacity: pressed ? 0.8 : 1,
      })}
    >
      {icon ? <Icon name={icon} color={selected ? color.accent : color.inkSoft} /> : null}
      <View style={{ flex: 1 }}>
        <Text kind="label">{label}</Text>
        {hint ? (
          <Text kind="small" soft>
            {hint}
          </Text>
        ) : null}
      </View>
      <Mark role={role} selected={selected} />
    </Pressable>
  );
}

function Mark({ role, selected }: { role: 'radio' | 'checkbox'; selected: boolean }) {
  const { color } = useTheme();
  return (
    <View
      style={{
        width: 24, height: 24, borderRadius: role === 'radio' ? 12 : 7, borderWidth: 2, alignItems: 'center', justifyContent: 'center',
        borderColor: selected ? color.accent : color.edge, backgroundColor: selected ? color.accent : 'transparent',
      }}
    >
      {selected ? <Icon name="check" size={16} color={color.onAccent} /> : null}
    </View>
  );
}
