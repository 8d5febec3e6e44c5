/** The record `player` of preferences, read with what it leaves open. */

import { paceOf, type Pace } from './timeline';
import type { Voice } from './cues';

/** `auto`: calm for everything but a warm-up, which is lively. */
export type SoundProfile = 'auto' | 'calm' | 'lively' | 'off';
export type Hand = 'left' | 'right';

/** As stored; `sound`, `hand` and `keep_awake` are this app's own names, which a server keeps without knowing them. */
export interface PlayerRecord {
  readonly voice?: Voice | null;
  readonly volume?: number | null;
  readonly haptics?: boolean | null;
  readonly duck_music?: boolean | null;
  readonly get_ready_s?: number | null;
  readonly switch_s?: number | null;
  readonly sound?: SoundProfile | null;
  readonly hand?: Hand | null;
  readonly keep_awake?: boolean | null;
}

export interface PlayerSettings {
  readonly voice: Voice;
  /** 0 to 1. */
  readonly volume: number;
  readonly haptics: boolean;
  readonly duckMusic: boolean;
  readonly pace: Pace;
  readonly sound: SoundProfile;
  readonly hand: Hand;
  readonly keepAwake: boolean;
}

function oneOf<T>(known: readonly T[], value: unknown, otherwise: T): T {
  return known.includes(value as T) ? (value as T) : otherwise;
}

export function playerSettings(record: PlayerRecord | undefined): PlayerSettings {
  const volume = record?.volume ?? 80;
  return {
    voice: oneOf<Voice>(['off', 'cues', 'full'], record?.voice, 'cues'),
    volume: Math.min(Math.max(volume, 0), 100) / 100,
    haptics: record?.haptics ?? true,
    duckMusic: record?.duck_music ?? true,
    pace: paceOf(record?.get_ready_s, record?.switch_s),
    sound: oneOf<SoundProfile>(['auto', 'calm', 'lively', 'off'], record?.sound, 'auto'),
    hand: oneOf<Hand>(['left', 'right'], record?.hand, 'right'),
    keepAwake: record?.keep_awake ?? true,
  };
}

/** The sounds of a routine of this kind; null: none. */
export function profileFor(sound: SoundProfile, kind: string): 'calm' | 'lively' | null {
  if (sound === 'off') return null;
  return sound === 'auto' ? (kind === 'warmup' ? 'lively' : 'calm') : sound;
}
