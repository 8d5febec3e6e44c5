/**
 * The clock that drives a player. It can be thrown away at any moment: what it has counted is in the play. It reads a
 * monotonic clock, so a phone that sets its time, or travels, changes nothing.
 */

import { pause, tick, type Play } from './play';

/** Longer than this between two readings, and nobody was shown or told anything: the time does not count. */
export const AWAY_MS = 5000;

/** `last`: the reading before, milliseconds of any origin; null where there was none. */
export function advance(play: Play, last: number | null, now: number, at: string): Play {
  if (last === null) return play;
  const ms = now - last;
  if (ms <= 0) return play;
  return ms > AWAY_MS ? pause(play, 'away') : tick(play, ms, at);
}
