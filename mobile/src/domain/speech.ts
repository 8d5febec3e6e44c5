/** How long a synthetic voice takes for a sentence. An estimate, corrected by what voices here really took. */

/** Characters a second of the voices of phones at their normal rate, on the slow side: late is worse than early. */
const CHARACTERS_S: Readonly<Record<string, number>> = { en: 14, de: 13 };
const OTHER_S = 12;
const START_MS = 250;
const STOP_MS = 200;
/** A digit is read as a word. */
const DIGIT_CHARACTERS = 5;
const LEAST = 0.7;
const MOST = 2;
/** How much of a new measurement is believed. */
const WEIGHT = 0.3;

/** `language`: a tag such as `en-GB`. `scale`: from `calibrated`, 1 before anything was measured. */
export function speechMs(text: string, language: string, scale = 1): number {
  const characters = text.length + (text.match(/\d/g)?.length ?? 0) * (DIGIT_CHARACTERS - 1);
  const stops = text.match(/[.,;:!?](?=\s)/g)?.length ?? 0;
  const rate = CHARACTERS_S[language.slice(0, 2).toLowerCase()] ?? OTHER_S;
  return Math.round((START_MS + stops * STOP_MS + (characters / rate) * 1000) * scale);
}

/** A new scale after a sentence that was estimated at `estimatedMs` under `scale` took `tookMs`. */
export function calibrated(scale: number, estimatedMs: number, tookMs: number): number {
  if (estimatedMs <= 0 || tookMs <= 0) return scale;
  const measured = Math.min(Math.max((scale * tookMs) / estimatedMs, LEAST), MOST);
  return scale + (measured - scale) * WEIGHT;
}
