/** Which finished sessions the phone's health store has not been given yet. Pure; `src/health` writes them. */

import type { Done } from './weeks';

export interface Workout {
  /** Id of the session: the store knows by it what it already has. */
  readonly id: string;
  readonly start: Date;
  readonly end: Date;
  readonly kind: string;
}

/** Seconds below which nothing is written: somebody looked in and left. */
const LEAST_S = 60;

/** Sessions from `since` on, that are not among `written`, oldest first. */
export function unwritten(
  sessions: readonly { readonly id: string; readonly data: Partial<Done> }[], since: string, written: readonly string[],
): Workout[] {
  const known = new Set(written);
  return sessions
    .filter(({ id, data }) => !known.has(id) && Date.parse(data.at ?? '') >= Date.parse(since) && (data.completed_s ?? 0) >= LEAST_S)
    .map(({ id, data }) => {
      const start = new Date(data.at!);
      return { id, start, end: new Date(start.getTime() + data.completed_s! * 1000), kind: data.payload?.request?.kind ?? 'mobility' };
    })
    .sort((a, b) => a.start.getTime() - b.start.getTime());
}
