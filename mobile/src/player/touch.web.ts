/** What a hand feels of the player, where a browser can. */

import type { Touch } from './touch';

export type { Touch } from './touch';

const PATTERN: Readonly<Record<Touch, number | number[]>> = { beat: 15, turn: 60, end: [60, 80, 60] };

export function touch(kind: Touch): void {
  globalThis.navigator?.vibrate?.(PATTERN[kind]);
}
