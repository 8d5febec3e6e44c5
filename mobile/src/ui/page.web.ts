/** The page around the app: its colours, language, title, focus ring. */

import { useSyncExternalStore } from 'react';

import type { Colors, ThemeName } from './tokens';

function styleSheet(id: string): HTMLStyleElement {
  const found = document.getElementById(id);
  if (found instanceof HTMLStyleElement) return found;
  const style = document.createElement('style');
  style.id = id;
  document.head.append(style);
  return style;
}

/** Ground, focus ring and scroll bars in the theme's colours, also where no component of ours is. */
export function dressPage(name: ThemeName, color: Colors, reducedMotion: boolean): void {
  const root = document.documentElement;
  root.style.colorScheme = name === 'light' ? 'light' : 'dark';
  root.style.backgroundColor = color.bg;
  root.dataset.theme = name;
  document.querySelectorAll('meta[name="theme-color"]').forEach((meta) => meta.setAttribute('content', color.bg));
  styleSheet('theme').textContent =
    `html,body{background:${color.bg};color:${color.ink}}` +
    '*{outline-color:transparent}' +
    `:focus-visible{outline:3px solid ${color.focus}!important;outline-offset:2px}` +
    '[data-heading]:focus{outline:none!important}' +
    `::selection{background:${color.accentSoft};color:${color.ink}}` +
    `*{scrollbar-color:${color.edge} transparent}` +
    (reducedMotion ? '*{transition:none!important;animation-duration:.01ms!important;scroll-behavior:auto!important}' : '');
}

export function setTitle(title: string): void {
  document.title = title;
}

let first = true;

/** After a change of screen the heading takes the focus, so that a screen reader says where one is. Not on the first page. */
export function focusHeading(heading: unknown): void {
  if (!first && heading instanceof HTMLElement) heading.focus({ preventScroll: true });
  first = false;
}

export function setLanguage(language: string): void {
  document.documentElement.lang = language;
}

const query = (): MediaQueryList | undefined => globalThis.matchMedia?.('(prefers-contrast: more)');

export function useHighContrast(): boolean {
  return useSyncExternalStore(
    (changed) => {
      query()?.addEventListener('change', changed);
      return () => query()?.removeEventListener('change', changed);
    },
    () => query()?.matches ?? false,
    () => false,
  );
}
