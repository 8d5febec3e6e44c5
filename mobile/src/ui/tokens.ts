/**
 * The look in numbers: colours of the three themes, spaces, radii, type. Plain data, so that a test can measure contrasts.
 *
 * Warm paper and moss greens for calm, one persimmon accent (`spark`) for the single lively action of a screen.
 */

export type ThemeName = 'light' | 'dark' | 'contrast';

export interface Colors {
  /** The page; what lies on it; what lies on that (sheets, fields). */
  readonly bg: string;
  readonly surface: string;
  readonly raised: string;
  readonly ink: string;
  readonly inkSoft: string;
  /** Hairlines that carry no meaning; `edge` outlines controls (3:1, WCAG 1.4.11). */
  readonly line: string;
  readonly edge: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly accentSoft: string;
  /** For the one thing to do next: start, go. */
  readonly spark: string;
  readonly onSpark: string;
  readonly sparkSoft: string;
  readonly warn: string;
  readonly warnSoft: string;
  readonly danger: string;
  readonly dangerSoft: string;
  readonly ok: string;
  readonly focus: string;
  /** Behind a sheet. */
  readonly veil: string;
  readonly phase: Readonly<Record<'raise' | 'mobilise' | 'activate' | 'potentiate' | 'cooldown', string>>;
}

export const COLORS: Readonly<Record<ThemeName, Colors>> = {
  light: {
    bg: '#F6F1E6', surface: '#FDFAF3', raised: '#FFFFFF', ink: '#1C2A23', inkSoft: '#525F57', line: '#DED6C4', edge: '#7B8071',
    accent: '#1F6A4D', onAccent: '#FFFFFF', accentSoft: '#DCEBDD',
    spark: '#B23C14', onSpark: '#FFFFFF', sparkSoft: '#FBE3D3',
    warn: '#7F4C00', warnSoft: '#FBEBC8', danger: '#A82B20', dangerSoft: '#FADFD9', ok: '#23694A',
    focus: '#1B5FB8', veil: 'rgba(22, 32, 26, 0.45)',
    phase: { raise: '#AF4712', mobilise: '#26704C', activate: '#0D6779', potentiate: '#8E3B6E', cooldown: '#4A62A8' },
  },
  dark: {
    bg: '#121A16', surface: '#19231E', raised: '#223029', ink: '#F2EEE3', inkSoft: '#AEBAB1', line: '#33433A', edge: '#7D8F83',
    accent: '#8ED6AC', onAccent: '#0B2A1B', accentSoft: '#21402F',
    spark: '#FF9B70', onSpark: '#341304', sparkSoft: '#46281A',
    warn: '#F3C266', warnSoft: '#40330F', danger: '#FF9C8F', dangerSoft: '#4A211C', ok: '#8ED6AC',
    focus: '#8FC1FF', veil: 'rgba(0, 0, 0, 0.6)',
    phase: { raise: '#F59A63', mobilise: '#79CF9F', activate: '#67C3D6', potentiate: '#E296C2', cooldown: '#A3B4F2' },
  },
  contrast: {
    bg: '#000000', surface: '#000000', raised: '#101010', ink: '#FFFFFF', inkSoft: '#E2E2E2', line: '#9A9A9A', edge: '#FFFFFF',
    accent: '#8CFFC1', onAccent: '#000000', accentSoft: '#00331E',
    spark: '#FFB38A', onSpark: '#000000', sparkSoft: '#3B1800',
    warn: '#FFDD66', warnSoft: '#332A00', danger: '#FFB0A6', dangerSoft: '#3D0D07', ok: '#8CFFC1',
    focus: '#FFE600', veil: 'rgba(0, 0, 0, 0.8)',
    phase: { raise: '#FFB38A', mobilise: '#8CFFC1', activate: '#7CE7FF', potentiate: '#FFB1E1', cooldown: '#BCCBFF' },
  },
};

/** Multiples of 4 px. */
export function space(n: number): number {
  return 4 * n;
}

export const RADIUS = { small: 10, card: 20, sheet: 28, pill: 999 } as const;

/** Least side of anything one can touch, px (WCAG 2.5.5 and both platforms' guides). */
export const TOUCH = 44;

/** From this width on, px: side rail instead of bottom bar, two columns. */
export const WIDE = 840;

export type TextKind = 'display' | 'title' | 'heading' | 'body' | 'small' | 'label';

export interface TypeStyle {
  readonly fontFamily: string;
  readonly fontSize: number;
  readonly lineHeight: number;
  readonly fontWeight: '400' | '500' | '600' | '700';
  readonly letterSpacing: number;
}

/** Font families of a platform; where each weight is a family of its own, `weighted` is false. */
export interface Families {
  readonly display: string;
  readonly body: string;
  readonly bold: string;
  readonly weighted: boolean;
}

/** Sizes in px at scale 1; `scale` is what the person asked for on top of the system's own setting, 1 to 2. */
export function typeScale(families: Families, scale: number): Readonly<Record<TextKind, TypeStyle>> {
  const style = (
    family: 'display' | 'body' | 'bold', size: number, height: number, weight: TypeStyle['fontWeight'], spacing = 0,
  ): TypeStyle => ({
    fontFamily: families[family],
    fontSize: Math.round(size * scale),
    lineHeight: Math.round(height * scale),
    fontWeight: families.weighted ? weight : '400',
    letterSpacing: spacing,
  });
  return {
    display: style('display', 40, 44, '700', -1),
    title: style('display', 29, 34, '700', -0.5),
    heading: style('display', 20, 26, '600', -0.2),
    body: style('body', 17, 26, '400'),
    small: style('body', 15, 22, '400'),
    label: style('bold', 15, 20, '600', 0.1),
  };
}

/** Relative luminance of #rrggbb (WCAG 2.2). */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** Contrast of two #rrggbb colours, 1 to 21 (WCAG 2.2). */
export function contrastOf(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}
