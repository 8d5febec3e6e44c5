/** Fonts on the web: two variable files from our own origin; text shows at once in the system's and swaps. */

import type { Families } from './tokens';

const FALLBACK = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export const families: Families = {
  display: `"Bricolage Grotesque", ${FALLBACK}`,
  body: `"Atkinson Hyperlegible Next", ${FALLBACK}`,
  bold: `"Atkinson Hyperlegible Next", ${FALLBACK}`,
  weighted: true,
};

const FACES = [
  ['Bricolage Grotesque', 'bricolage-grotesque', '200 800'],
  ['Atkinson Hyperlegible Next', 'atkinson-hyperlegible-next', '200 800'],
] as const;

/** Never waits: a slow font must not hold the screen. */
export function loadFonts(): Promise<void> {
  if (typeof document !== 'undefined' && document.getElementById('fonts') === null) {
    const style = document.createElement('style');
    style.id = 'fonts';
    style.textContent = FACES.map(
      ([family, file, weight]) =>
        `@font-face{font-family:"${family}";src:url(/fonts/${file}.woff2) format("woff2");font-weight:${weight};font-display:swap}`,
    ).join('');
    document.head.append(style);
  }
  return Promise.resolve();
}

/** The browser's own text size over the usual 16 px: React Native Web counts in px, which would not follow it. */
export function rootScale(): number {
  if (typeof document === 'undefined') return 1;
  return Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1);
}
