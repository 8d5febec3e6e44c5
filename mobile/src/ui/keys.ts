/** Keyboards: what the browser's own controls do with keys, for ours. No effect on phones without one. */

export interface Key {
  readonly key: string;
  readonly shiftKey?: boolean;
  readonly currentTarget?: unknown;
  readonly target?: unknown;
  preventDefault(): void;
  stopPropagation?(): void;
}

/** Props that React Native Web passes on and React Native does not know. */
export function keys(onKeyDown: (event: Key) => void): object {
  return { onKeyDown };
}

/** Space presses a radio, checkbox or switch as it does a button. */
export function spacePresses(onPress: () => void): object {
  return keys((event) => {
    if (event.key !== ' ') return;
    event.preventDefault();
    onPress();
  });
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5,
};

/** Where a key moves a slider to, null where it does nothing; `rtl` mirrors left and right. */
export function slide(key: string, value: number, min: number, max: number, step: number, rtl = false): number | null {
  if (key === 'Home') return min;
  if (key === 'End') return max;
  const way = STEPS[key];
  if (way === undefined) return null;
  const sideways = key === 'ArrowRight' || key === 'ArrowLeft';
  return clampToStep(value + way * (rtl && sideways ? -1 : 1) * step, min, max, step);
}

export function clampToStep(value: number, min: number, max: number, step: number): number {
  return Math.min(max, Math.max(min, min + Math.round((value - min) / step) * step));
}
