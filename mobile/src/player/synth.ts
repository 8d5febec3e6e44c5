/**
 * The player's sounds as recipes, and what makes waves of them. Ours from the first sample, so there is nothing to license.
 * The web plays these directly; `tools/sounds.ts` writes the same as files for phones.
 */

import type { SoundName } from '../domain/cues';

export type Profile = 'calm' | 'lively';

/** Samples a second: enough for partials of 5 kHz, small on disk. */
export const RATE = 16_000;

interface Note {
  readonly hz: number;
  /** Seconds from the beginning. */
  readonly at: number;
  /** Seconds until it has faded to a thousandth. */
  readonly s: number;
  readonly gain: number;
}

/** Partials of an instrument: [multiple of the note, loudness, how much faster it fades]. */
type Timbre = readonly (readonly [ratio: number, gain: number, fade: number])[];

const BOWL: Timbre = [[1, 1, 1], [2.01, 0.28, 1.6], [2.76, 0.16, 2.4], [5.4, 0.05, 4]];
const MARIMBA: Timbre = [[1, 1, 1], [3.93, 0.32, 3.2], [9.2, 0.08, 7]];
const WOOD: Timbre = [[1, 1, 1], [2.4, 0.5, 1.5]];

const note = (hz: number, at: number, s: number, gain = 0.5): Note => ({ hz, at, s, gain });
const [C4, G4, A4, C5, D5, E5, G5, A5, C6, E6] = [261.63, 392, 440, 523.25, 587.33, 659.26, 783.99, 880, 1046.5, 1318.5];

interface Recipe {
  readonly timbre: Timbre;
  /** Seconds until full loudness: a soft beginning startles nobody. */
  readonly attack: number;
  readonly notes: readonly Note[];
}

const RECIPES: Readonly<Record<Profile, Readonly<Record<SoundName, Recipe>>>> = {
  calm: {
    tick: { timbre: WOOD, attack: 0.004, notes: [note(A4, 0, 0.09, 0.22)] },
    go: { timbre: BOWL, attack: 0.02, notes: [note(C5, 0, 1, 0.42)] },
    half: { timbre: BOWL, attack: 0.02, notes: [note(G4, 0, 0.5, 0.3)] },
    side: { timbre: BOWL, attack: 0.02, notes: [note(G4, 0, 0.6, 0.34), note(C5, 0.18, 0.7, 0.36)] },
    end: { timbre: BOWL, attack: 0.02, notes: [note(C5, 0, 0.6, 0.34), note(G4, 0.2, 0.9, 0.36)] },
    finish: { timbre: BOWL, attack: 0.02, notes: [note(C4, 0, 1.4, 0.3), note(G4, 0.22, 1.2, 0.3), note(C5, 0.44, 1.1, 0.32), note(E5, 0.66, 1, 0.3)] },
  },
  lively: {
    tick: { timbre: WOOD, attack: 0.002, notes: [note(C6, 0, 0.07, 0.34)] },
    go: { timbre: MARIMBA, attack: 0.003, notes: [note(G5, 0, 0.35, 0.46), note(C6, 0.1, 0.45, 0.5)] },
    half: { timbre: MARIMBA, attack: 0.003, notes: [note(E5, 0, 0.3, 0.42)] },
    side: { timbre: MARIMBA, attack: 0.003, notes: [note(D5, 0, 0.3, 0.46), note(G5, 0.12, 0.4, 0.48)] },
    end: { timbre: MARIMBA, attack: 0.003, notes: [note(A5, 0, 0.3, 0.44), note(D5, 0.12, 0.45, 0.46)] },
    finish: { timbre: MARIMBA, attack: 0.003, notes: [note(C5, 0, 0.4, 0.42), note(E5, 0.12, 0.4, 0.42), note(G5, 0.24, 0.4, 0.44), note(C6, 0.36, 0.6, 0.46), note(E6, 0.36, 0.5, 0.2)] },
  },
};

export const PROFILES = Object.keys(RECIPES) as Profile[];
export const SOUNDS = Object.keys(RECIPES.calm) as SoundName[];

const END_FADE_S = 0.02;
/** A thousandth, as a natural logarithm: where a note counts as silent. */
const SILENT = Math.log(1000);

/** Mono samples, -1 to 1, `RATE` a second. */
export function samplesOf(profile: Profile, sound: SoundName): Float32Array {
  const { timbre, attack, notes } = RECIPES[profile][sound];
  const length = Math.ceil(Math.max(...notes.map(({ at, s }) => at + s)) * RATE);
  const made = new Float32Array(length);
  for (const { hz, at, s, gain } of notes) {
    const from = Math.round(at * RATE);
    for (let i = from; i < length; i += 1) {
      const t = (i - from) / RATE;
      if (t > s) break;
      let sum = 0;
      for (const [ratio, loud, fade] of timbre) {
        if (hz * ratio < RATE / 2) sum += loud * Math.exp((-SILENT * fade * t) / s) * Math.sin(2 * Math.PI * hz * ratio * t);
      }
      made[i]! += gain * Math.min(t / attack, 1) * sum;
    }
  }
  const fade = Math.min(length, Math.round(END_FADE_S * RATE));
  for (let i = 0; i < fade; i += 1) made[length - 1 - i]! *= i / fade;
  return made;
}

/** A WAV file: PCM, 16 bits, mono. */
export function waveFile(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(44 + samples.length * 2);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string): void => [...value].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((value, i) => view.setInt16(44 + i * 2, Math.round(Math.max(-1, Math.min(1, value)) * 32_767), true));
  return bytes;
}

/** `calm-go.wav`. */
export function fileOf(profile: Profile, sound: SoundName): string {
  return `${profile}-${sound}.wav`;
}
