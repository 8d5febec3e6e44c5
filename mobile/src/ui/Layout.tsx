import type { ReactNode } from 'react';
import { I18nManager, Pressable, View } from 'react-native';

import { Icon } from './Icon';
import type { IconName } from './icons';
import { Text } from './Text';
import { useTheme } from './theme';
import { TOUCH } from './tokens';

interface CardProps {
  readonly children: ReactNode;
  readonly onPress?: () => void;
  /** Name of a card that can be pressed, where its words are not name enough; they must be part of it (WCAG 2.5.3). */
  readonly label?: string;
  readonly tone?: 'plain' | 'accent' | 'spark';
}

export function Card({ children, onPress, label, tone = 'plain' }: CardProps) {
  const theme = useTheme();
  const { color } = theme;
  const style = {
    borderRadius: theme.radius.card,
    borderWidth: 1,
    borderColor: theme.name === 'contrast' ? color.edge : tone === 'plain' ? color.line : 'transparent',
    backgroundColor: { plain: color.surface, accent: color.accentSoft, spark: color.sparkSoft }[tone],
    padding: theme.space(5),
    gap: theme.space(3),
  };
  if (!onPress) return <View style={style}>{children}</View>;
  return (
    <Pressable role="button" aria-label={label} onPress={onPress} style={({ pressed }) => [style, { opacity: pressed ? 0.8 : 1 }]}>
      {children}
    </Pressable>
  );
}

interface RowProps {
  readonly title: string;
  readonly detail?: string;
  /** What stands before the words; decoration. */
  readonly start?: ReactNode;
  readonly icon?: IconName;
  /** What stands after them; a chevron by itself where the row is pressed. Not controls where `onPress` is given. */
  readonly end?: ReactNode;
  readonly onPress?: () => void;
  /** Where it goes to: `link` for another screen. */
  readonly role?: 'button' | 'link';
}

export function Row({ title, detail, start, icon, end, onPress, role = 'button' }: RowProps) {
  const theme = useTheme();
  const { color } = theme;
  const inside = (
    <>
      {start ?? (icon ? <Icon name={icon} color={color.accent} /> : null)}
      <View style={{ flex: 1, minWidth: 0 }}>
        <Text kind="body">{title}</Text>
        {detail ? (
          <Text kind="small" soft>
            {detail}
          </Text>
        ) : null}
      </View>
      {end ?? (onPress ? <Chevron /> : null)}
    </>
  );
  const style = {
    minHeight: TOUCH + 8, flexDirection: 'row' as const, alignItems: 'center' as const, gap: theme.space(4), paddingVertical: theme.space(3),
  };
  if (!onPress) return <View style={style}>{inside}</View>;
  return (
    <Pressable role={role} onPress={onPress} style={({ pressed }) => [style, { opacity: pressed ? 0.7 : 1 }]}>
      {inside}
    </Pressable>
  );
}

/** Points on: to the right, or to the left where one reads from there. */
export function Chevron() {
  const { color } = useTheme();
  return (
    <View style={{ transform: [{ rotate: I18nManager.isRTL ? '90deg' : '-90deg' }] }}>
      <Icon name="down" size={20} color={color.inkSoft} />
    </View>
  );
}

interface SectionProps {
  readonly title: string;
  readonly children: ReactNode;
  /** A control beside the heading. */
  readonly action?: ReactNode;
  readonly detail?: string;
}

export function Section({ title, children, action, detail }: SectionProps) {
  const theme = useTheme();
  return (
    <View role="group" aria-label={title} style={{ gap: theme.space(3) }}>
      <View style={{ flexDirection: 'row', alignItems: 'center', justifyContent: 'space-between', gap: theme.space(3), flexWrap: 'wrap' }}>
        <Text kind="heading" role="heading" level={2} style={{ flexShrink: 1 }}>
          {title}
        </Text>
        {action}
      </View>
      {detail ? (
        <Text kind="small" soft>
          {detail}
        </Text>
      ) : null}
      {children}
    </View>
  );
}

interface NoticeProps {
  readonly kind: 'info' | 'warn' | 'danger' | 'ok';
  readonly title?: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  /** Came up while one was here: said aloud at once. */
  readonly live?: boolean;
}

const SIGN: Readonly<Record<NoticeProps['kind'], IconName>> = { info: 'info', warn: 'warning', danger: 'warning', ok: 'check' };

export function Notice({ kind, title, children, action, live }: NoticeProps) {
  const theme = useTheme();
  const { color } = theme;
  const [ground, ink] = {
    info: [color.accentSoft, color.accent] as const,
    warn: [color.warnSoft, color.warn] as const,
    danger: [color.dangerSoft, color.danger] as const,
    ok: [color.accentSoft, color.ok] as const,
  }[kind];
  return (
    <View
      role={kind === 'danger' ? 'alert' : 'note'}
      aria-live={live ? (kind === 'danger' ? 'assertive' : 'polite') : undefined}
      style={{
        flexDirection: 'row', gap: theme.space(3), padding: theme.space(4), borderRadius: theme.radius.card, backgroundColor: ground,
        borderWidth: theme.name === 'contrast' ? 1.5 : 0, borderColor: ink,
      }}
    >
      <Icon name={SIGN[kind]} color={ink} />
      <View style={{ flex: 1, gap: theme.space(1.5), minWidth: 0 }}>
        {title ? <Text kind="label">{title}</Text> : null}
        {typeof children === 'string' ? <Text kind="small">{children}</Text> : children}
        {action ? <View style={{ flexDirection: 'row', flexWrap: 'wrap', gap: theme.space(2) }}>{action}</View> : null}
      </View>
    </View>
  );
}

/** `value` 0 to 1. */
export function Progress({ value, label }: { value: number; label: string }) {
  const theme = useTheme();
  const share = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <View
      role="progressbar"
      accessible
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share}
      style={{ height: 8, borderRadius: 4, backgroundColor: theme.color.line, overflow: 'hidden' }}
    >
      <View style={{ width: `${share}%`, height: 8, borderRadius: 4, backgroundColor: theme.color.accent }} />
    </View>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  readonly icon?: IconName;
}

/** Nothing here yet, and what to do about it. */
export function Empty({ title, children, action, icon = 'body' }: EmptyProps) {
  const theme = useTheme();
  return (
    <View style={{ alignItems: 'center', gap: theme.space(3), paddingVertical: theme.space(10), paddingHorizontal: theme.space(4) }}>
      <View style={{ padding: theme.space(5), borderRadius: theme.radius.pill, backgroundColor: theme.color.accentSoft }}>
        <Icon name={icon} size={36} color={theme.color.accent} />
      </View>
      <Text kind="heading" role="heading" level={2} center>
        {title}
      </Text>
      {typeof children === 'string' ? (
        <Text kind="body" soft center>
          {children}
        </Text>
      ) : (
        children
      )}
      {action}
    </View>
  );
}
