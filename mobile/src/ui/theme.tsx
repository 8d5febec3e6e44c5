/** The theme in use, and what the person's device asks for: size, motion, contrast. */

import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react';
import { AccessibilityInfo, useColorScheme, useWindowDimensions } from 'react-native';

import { families, rootScale } from './fonts';
import { dressPage, useHighContrast } from './page';
import { COLORS, RADIUS, space, typeScale, WIDE, type Colors, type TextKind, type ThemeName, type TypeStyle } from './tokens';

export interface Theme {
  readonly name: ThemeName;
  readonly color: Colors;
  readonly space: (n: number) => number;
  readonly radius: typeof RADIUS;
  readonly type: Readonly<Record<TextKind, TypeStyle>>;
  /** 1 to 2: what the person asked for in the app, times the browser's own text size. */
  readonly scale: number;
  /** The person's wish, or the system's: no movement but what the content itself is. */
  readonly reducedMotion: boolean;
}

function themeOf(name: ThemeName, scale: number, reducedMotion: boolean): Theme {
  return { name, color: COLORS[name], space, radius: RADIUS, type: typeScale(families, scale), scale, reducedMotion };
}

const Context = createContext<Theme>(themeOf('light', 1, false));

export interface Look {
  readonly theme?: 'system' | 'light' | 'dark' | null;
  readonly contrast?: boolean;
  /** 1 to 2. */
  readonly textScale?: number;
  /** null or absent: as the system says. */
  readonly reduceMotion?: boolean | null;
}

/** Gives the theme of `look`; what it leaves open is as the system says. */
export function ThemeProvider({ look, children }: { look: Look; children: ReactNode }) {
  const system = useColorScheme() === 'dark' ? 'dark' : 'light';
  const wanted = look.theme === 'light' || look.theme === 'dark' ? look.theme : system;
  const highContrast = useHighContrast();
  const name: ThemeName = (look.contrast ?? highContrast) ? 'contrast' : wanted;
  const systemReduced = useSystemReducedMotion();
  const reduced = look.reduceMotion ?? systemReduced;
  const scale = Math.min(2, Math.max(1, look.textScale ?? 1) * rootScale());
  const theme = useMemo(() => themeOf(name, scale, reduced), [name, scale, reduced]);
  useEffect(() => dressPage(theme.name, theme.color, reduced), [theme, reduced]);
  return <Context value={theme}>{children}</Context>;
}

export function useTheme(): Theme {
  return use(Context);
}

function useSystemReducedMotion(): boolean {
  const [reduced, setReduced] = useState(false);
  useEffect(() => {
    void AccessibilityInfo.isReduceMotionEnabled().then(setReduced);
    const watch = AccessibilityInfo.addEventListener('reduceMotionChanged', setReduced);
    return () => watch?.remove();
  }, []);
  return reduced;
}

/** Whether to leave out movement that only decorates. */
export function useReducedMotion(): boolean {
  return useTheme().reducedMotion;
}

/** Tablet and desktop: room for a side rail and a second column. */
export function useWide(): boolean {
  return useWindowDimensions().width >= WIDE;
}
