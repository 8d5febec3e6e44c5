import { COLORS, contrastOf, typeScale, type ThemeName } from './tokens';

const NAMES: ThemeName[] = ['light', 'dark', 'contrast'];

test('black on white is 21, the measure itself is right', () => {
  expect(contrastOf('#000000', '#ffffff')).toBeCloseTo(21, 5);
});

describe.each(NAMES)('theme %s', (name) => {
  const color = COLORS[name];
  const least = name === 'contrast' ? 7 : 4.5;
  const grounds = [color.bg, color.surface, color.raised];

  test('text is readable on every ground (WCAG AA, the contrast theme AAA)', () => {
    const inks = [color.ink, color.inkSoft, color.accent, color.spark, color.warn, color.danger, color.ok, ...Object.values(color.phase)];
    for (const ink of inks) for (const ground of grounds) expect(contrastOf(ink, ground)).toBeGreaterThanOrEqual(least);
  });

  test('text is readable on tinted grounds and on buttons', () => {
    const pairs: [string, string][] = [
      [color.onAccent, color.accent], [color.onSpark, color.spark], [color.accent, color.accentSoft], [color.spark, color.sparkSoft],
      [color.warn, color.warnSoft], [color.danger, color.dangerSoft],
      ...[color.accentSoft, color.sparkSoft, color.warnSoft, color.dangerSoft].flatMap(
        (soft): [string, string][] => [[color.ink, soft], [color.inkSoft, soft]],
      ),
    ];
    for (const [ink, ground] of pairs) expect(contrastOf(ink, ground)).toBeGreaterThanOrEqual(least);
  });

  test('outlines of controls and the focus ring stand out 3:1', () => {
    for (const ground of grounds) {
      expect(contrastOf(color.edge, ground)).toBeGreaterThanOrEqual(3);
      expect(contrastOf(color.focus, ground)).toBeGreaterThanOrEqual(3);
    }
  });
});

test('type grows to twice its size', () => {
  const families = { display: 'a', body: 'b', bold: 'c', weighted: true };
  expect(typeScale(families, 2).body.fontSize).toBe(2 * typeScale(families, 1).body.fontSize);
});
