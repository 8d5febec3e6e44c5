import type { ReactNode, Ref } from 'react';
import { Text as Plain, type TextProps } from 'react-native';

import type { TextKind } from './tokens';
import { useTheme } from './theme';

interface Props {
  readonly children: ReactNode;
  readonly kind?: TextKind;
  /** Less weight: for what explains. */
  readonly soft?: boolean;
  /** Said aloud by screen readers when it changes. */
  readonly live?: boolean;
  readonly role?: 'heading' | 'alert' | 'status';
  /** Of a heading, 1 to 6; by its kind where not given. */
  readonly level?: number;
  readonly color?: string;
  readonly center?: boolean;
  readonly style?: TextProps['style'];
  readonly ref?: Ref<Plain>;
  /** Web only: can be given the focus by script, not by Tab. */
  readonly reachable?: boolean;
}

const LEVEL: Readonly<Record<TextKind, number>> = { display: 1, title: 1, heading: 2, body: 3, small: 3, label: 3 };

export function Text({ children, kind = 'body', soft, live, role, level, color, center, style, ref, reachable }: Props) {
  const theme = useTheme();
  const ink = color ?? (soft ? theme.color.inkSoft : theme.color.ink);
  const heading = role === 'heading' ? { 'aria-level': level ?? LEVEL[kind] } : {};
  const focusable = reachable ? { tabIndex: -1 as const, dataSet: { heading: '1' } } : {};
  return (
    <Plain
      ref={ref}
      {...heading}
      {...focusable}
      role={role}
      aria-live={live ? 'polite' : undefined}
      style={[theme.type[kind], { color: ink, textAlign: center ? 'center' : undefined }, style]}
    >
      {children}
    </Plain>
  );
}
