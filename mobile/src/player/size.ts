/** Where things go on a screen of any size. */

export interface Frame {
  /** Figure beside the words rather than above them. */
  readonly beside: boolean;
  /** Least and most of the ring, px; between them it takes the room that is left. */
  readonly ring: readonly [number, number];
  /** Of the digits of the timer, px. */
  readonly digits: number;
  /** Room for a picture of the next exercise. */
  readonly roomy: boolean;
  /** A phone on its side: only the name, the time and one row of controls. */
  readonly low: boolean;
}

const clamp = (value: number, least: number, most: number): number => Math.round(Math.min(Math.max(value, least), most));

/**
 * Digits are as large as fits: on a phone held upright a third of its width, which is 15 mm high and so read from three
 * metres with some to spare (5 minutes of arc, the smallest that normal eyes read, are 4.4 mm there).
 */
export function frameOf(width: number, height: number): Frame {
  const beside = width > height * 1.05 && width >= 560;
  return {
    beside,
    ring: beside ? [160, clamp(Math.min(height - 80, width * 0.48), 160, 680)] : [150, clamp(width - 32, 150, 680)],
    digits: beside ? clamp(Math.min(height * 0.36, width * 0.2), 84, 260) : clamp(Math.min(width * 0.35, height * 0.18), 84, 260),
    roomy: beside ? height >= 600 : height >= 780,
    low: beside && height < 520,
  };
}
