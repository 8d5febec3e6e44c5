/** Keys of the whole window. */

import type { Pressed } from './keyboard';

export type { Pressed } from './keyboard';

export const HAS_KEYS = true;

/** What a focused element does with these keys itself. */
const TAKES: Readonly<Record<string, string>> = {
  ' ': 'button, a, input, select, textarea, [role=button], [role=radio], [role=checkbox], [role=switch], [role=link]',
  Enter: 'button, a, input, select, textarea, [role=button], [role=link]',
};
const TYPING = 'input, textarea, select, [contenteditable], [role=slider], [role=radio]';

/** Calls `press` with each key that nothing else takes; true from it: the key is used up. Returns how to stop. */
export function onKeys(press: (pressed: Pressed) => boolean): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(TAKES[event.key] ?? TYPING) || target?.closest(TYPING)) return;
    // A dialogue holds the keys: the player behind it must not react.
    if (document.querySelector('[aria-modal=true]') !== null) return;
    if (press({ key: event.key })) event.preventDefault();
  };
  window.addEventListener('keydown', listen);
  return () => window.removeEventListener('keydown', listen);
}
