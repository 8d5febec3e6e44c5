/** Keys of the whole window; phones have none. */

export interface Pressed {
  readonly key: string;
}

/** Whether this platform has keys to tell of. */
export const HAS_KEYS = false;

/** Calls `press` with each key that nothing else takes; true from it: the key is used up. Returns how to stop. */
export function onKeys(_press: (pressed: Pressed) => boolean): () => void {
  return () => undefined;
}
