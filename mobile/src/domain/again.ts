/** Yesterday's routine, to be repeated: what was last played here, or on another device of the same person. */

import type { Fields, Rec } from '@/store/types';

import { KINDS, MINUTES, type Ask, type Kind } from './ask';
import type { Draft, KeptItem } from './draft';

/** Local key `last`: the routine that was last begun on this device. */
export interface LastPlayed {
  /** Instant. */
  readonly at: string;
  readonly ask: Ask;
  readonly items: readonly KeptItem[];
}

export interface Again {
  readonly ask: Ask;
  /** Null where only what was asked for is known: then one is made anew. */
  readonly items: readonly KeptItem[] | null;
  /** Local calendar days ago. */
  readonly days: number;
}

export function lastOf(draft: Draft, now: Date): LastPlayed | null {
  if (draft.ask === null) return null;
  const items = draft.items.map(({ slug, phase, position, sets, work_s_per_side, sides, rest_s, transition_s, reps }) => ({
    slug, phase, position, sets, work_s_per_side, sides, rest_s, transition_s, reps,
  }));
  // Once more is a session of its own: the program goes on elsewhere.
  const { program: _, ...ask } = draft.ask;
  return { at: now.toISOString(), ask, items };
}

function daysBetween(then: Date, now: Date): number {
  const midnight = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.max(0, Math.round((midnight(now) - midnight(then)) / 86_400_000));
}

/** Another device can be this far ahead or behind and still speak of the same session. */
const SAME_MS = 6 * 3_600_000;

function askOf(payload: unknown): Ask | null {
  const { request, profile } = (payload ?? {}) as { request?: Fields; profile?: Fields };
  const kind = request?.kind as Kind;
  if (!request || !KINDS.includes(kind) || typeof request.budget_s !== 'number') return null;
  const activity = request.activity as Ask['activity'];
  if (typeof activity !== 'string' && typeof activity?.muscles !== 'object') return null;
  const list = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
  const constraints = list(profile?.constraints);
  return {
    kind, activity,
    minutes: Math.min(MINUTES.max, Math.max(MINUTES.min, Math.round(request.budget_s / 60))),
    floor: !constraints.includes('no_floor'), roomy: !constraints.includes('small_space'), loud: !constraints.includes('no_jump'),
    seated: constraints.includes('seated_only'), equipment: list(profile?.equipment), startsIn: null,
  };
}

/** The newest of what was begun here and what any device recorded; null before the first. */
export function againOf(last: LastPlayed | undefined, sessions: readonly Rec[], now: Date): Again | null {
  let newest: { at: number; payload: unknown } | null = null;
  for (const { data } of sessions) {
    const at = Date.parse(String(data.at));
    if (Number.isFinite(at) && (newest === null || at > newest.at)) newest = { at, payload: data.payload };
  }
  if (last !== undefined && (newest === null || Date.parse(last.at) > newest.at - SAME_MS)) {
    return { ask: last.ask, items: last.items, days: daysBetween(new Date(last.at), now) };
  }
  const ask = newest === null ? null : askOf(newest.payload);
  return ask === null || newest === null ? null : { ask, items: null, days: daysBetween(new Date(newest.at), now) };
}
