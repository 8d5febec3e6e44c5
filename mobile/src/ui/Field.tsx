import { useId, useState } from 'react';
import { Pressable, TextInput, View, type TextInputProps } from 'react-native';

import { Icon } from './Icon';
import { spacePresses } from './keys';
import { Text } from './Text';
import { useTheme } from './theme';
import { TOUCH } from './tokens';

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What is wrong with it, a sentence; announced. */
  readonly error?: string | null;
  readonly hint?: string;
  readonly kind?: 'text' | 'number' | 'email' | 'search' | 'password' | 'time';
  readonly multiline?: boolean;
  readonly hideLabel?: boolean;
  readonly placeholder?: string;
  readonly onSubmit?: () => void;
  readonly autoFocus?: boolean;
  readonly maxLength?: number;
}

const KEYBOARD: Readonly<Record<NonNullable<FieldProps['kind']>, Partial<TextInputProps>>> = {
  text: {},
  number: { inputMode: 'numeric' },
  email: { inputMode: 'email', autoCapitalize: 'none', autoComplete: 'email' },
  search: { inputMode: 'search', enterKeyHint: 'search', autoCapitalize: 'none', autoCorrect: false },
  password: { secureTextEntry: true, autoCapitalize: 'none' },
  time: { placeholder: '07:30', inputMode: 'text', autoCapitalize: 'none' },
};

export function Field({
  label, value, onChange, error, hint, kind = 'text', multiline, hideLabel, placeholder, onSubmit, autoFocus, maxLength,
}: FieldProps) {
  const theme = useTheme();
  const { color } = theme;
  const [focused, setFocused] = useState(false);
  const id = useId();
  const help = error ?? hint;
  return (
    <View style={{ gap: theme.space(1.5) }}>
      {hideLabel ? null : <Text kind="label">{label}</Text>}
      <View
        style={{
          flexDirection: 'row',
          alignItems: multiline ? 'flex-start' : 'center',
          gap: theme.space(2),
          borderWidth: focused ? 2.5 : 1.5,
          margin: focused ? -1 : 0,
          borderColor: error ? color.danger : focused ? color.focus : color.edge,
          borderRadius: kind === 'search' ? theme.radius.pill : theme.radius.small + 4,
          backgroundColor: color.raised,
          paddingHorizontal: theme.space(4),
        }}
      >
        {kind === 'search' ? <Icon name="search" size={20} color={color.inkSoft} /> : null}
        <TextInput
          aria-label={label}
          accessibilityHint={help}
          aria-invalid={error ? true : undefined}
          {...{ 'aria-describedby': help ? id : undefined }}
          value={value}
          onChangeText={onChange}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
          onSubmitEditing={onSubmit}
          multiline={multiline}
          autoFocus={autoFocus}
          maxLength={maxLength}
          placeholderTextColor={color.inkSoft}
          {...KEYBOARD[kind]}
          {...(placeholder ? { placeholder } : {})}
          style={[
            theme.type.body,
            { color: color.ink, flex: 1, minWidth: 0, minHeight: multiline ? 3 * theme.type.body.lineHeight : TOUCH + 4, paddingVertical: theme.space(2.5) },
            { outlineStyle: 'none' } as object, // the frame around it shows the focus
          ]}
        />
      </View>
      {help ? (
        <View id={id}>
          <Text kind="small" soft={!error} color={error ? color.danger : undefined} live={Boolean(error)}>
            {help}
          </Text>
        </View>
      ) : null}
    </View>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  readonly hint?: string;
  readonly disabled?: boolean;
}

/** A row that is on or off; the whole row is pressed. */
export function Switch({ label, value, onChange, hint, disabled }: SwitchProps) {
  const theme = useTheme();
  const { color } = theme;
  const press = (): void => onChange(!value);
  return (
    <Pressable
      role="switch"
      aria-checked={value}
      disabled={disabled}
      onPress={press}
      {...spacePresses(press)}
      style={({ pressed }) => ({
        minHeight: TOUCH + 8, flexDirection: 'row', alignItems: 'center', gap: theme.space(4), paddingVertical: theme.space(2),
        opacity: disabled ? 0.5 : pressed ? 0.75 : 1,
      })}
    >
      <View style={{ flex: 1 }}>
        <Text kind="body">{label}</Text>
        {hint ? (
          <Text kind="small" soft>
            {hint}
          </Text>
        ) : null}
      </View>
      <View
        style={{
          width: 52, height: 32, borderRadius: 16, padding: 3, borderWidth: 2, justifyContent: 'center',
          borderColor: value ? color.accent : color.edge, backgroundColor: value ? color.accent : 'transparent',
          alignItems: value ? 'flex-end' : 'flex-start',
        }}
      >
        <View style={{ width: 22, height: 22, borderRadius: 11, backgroundColor: value ? color.onAccent : color.edge }} />
      </View>
    </Pressable>
  );
}
