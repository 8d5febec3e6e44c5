/** What a session leaves behind: its record, feedback, rows for the learner, pain (docs/data.md, docs/sync-records.md). */

import type { Made } from '@/generator/maker';

import { completedS, type ItemState, type Play, type PlayItem } from './play';

/** Of 10: what the report on a model counts as pain. */
const PAIN_COUNTS = 3;

export type Outcome = 'completed' | 'skipped' | 'swapped' | 'stopped_by_pain';

export interface Slot {
  readonly slug: string;
  readonly place: number;
  readonly propensity: number;
  readonly explored: boolean;
  readonly outcome: Outcome;
  readonly rating: number | null;
  readonly pain: number;
}

export interface LearnRow {
  readonly slug: string;
  readonly outcome: Outcome;
  readonly rating: number | null;
  readonly pain: number;
}

/** What was left out because its region hurt counts as skipped, and what was never reached where others after it were. */
const OUTCOME: Readonly<Record<ItemState, Outcome>> = {
  done: 'completed', skipped: 'skipped', swapped: 'swapped', hurt: 'stopped_by_pain', left_out: 'skipped', todo: 'skipped',
};

/** Place of each played item in the generated routine, by its slug (no exercise is in a routine twice); null for others. */
export function originsOf(items: readonly { readonly slug: string }[], generated: readonly { readonly slug: string }[]): (number | null)[] {
  return items.map(({ slug }) => {
    const place = generated.findIndex((item) => item.slug === slug);
    return place < 0 ? null : place;
  });
}

function isReached(item: PlayItem): boolean {
  return item.state !== 'todo' && item.state !== 'left_out';
}

/**
 * One slot per generated item, in the generator's order and with its propensities, so that the routine can be made again
 * and compared. What comes after the last that was reached is left away: the session ended early.
 */
export function slotsOf(play: Play, made: Made): Slot[] {
  // Before it began: an item that is gone was exchanged where another says so, else removed.
  const exchanged = new Set(play.items.map((item) => item.insteadOf));
  const slots = made.routine.items.map((generated, place): Slot & { reached: boolean } => {
    const item = play.items.find(({ origin }) => origin === place);
    return {
      slug: generated.slug, place, propensity: generated.propensity, explored: generated.propensity < 1,
      outcome: item !== undefined ? OUTCOME[item.state] : exchanged.has(generated.slug) ? 'swapped' : 'skipped',
      rating: item?.rating ?? null, pain: item?.pain ?? 0,
      reached: item !== undefined && isReached(item),
    };
  });
  const end = slots.findLastIndex(({ reached }) => reached) + 1;
  return slots.slice(0, Math.max(end, 1)).map(({ reached: _, ...slot }) => slot);
}

/** Whether there is anything to keep: work was done, or something hurt. */
export function happened(play: Play): boolean {
  return play.items.some((item) => item.workMs > 0 || item.state === 'hurt');
}

/** The session's record. `rpe`: 0 to 10, null where nobody answered. `routine`: the kept routine that it was. `program`: its session. */
export function sessionOf(play: Play, made: Made, rpe: number | null, routine: string | null, program?: string): Record<string, unknown> {
  return {
    id: play.id, at: play.startedAt, model: made.model, catalog: made.catalog, payload: made.payload, rpe,
    completed_s: completedS(play), slots: slotsOf(play, made), ...(routine === null ? {} : { routine }),
    ...(program === undefined ? {} : { program }),
  };
}

/** What became of the routine's items, for the anonymous report on its model (sync/health.py). */
export function countsOf(play: Play, made: Made): { completed: number; skipped: number; swapped: number; pain: number } {
  const slots = slotsOf(play, made);
  const count = (wanted: Outcome): number => slots.filter(({ outcome }) => outcome === wanted).length;
  return {
    completed: count('completed'), skipped: count('skipped'), swapped: count('swapped'),
    pain: slots.filter(({ pain }) => pain > PAIN_COUNTS).length,
  };
}

/** What the learner may conclude from: only what somebody met, also what came in by a swap. */
export function learnRows(play: Play): LearnRow[] {
  return play.items.filter(isReached).map((item) => ({
    slug: item.slug, outcome: OUTCOME[item.state], rating: item.rating, pain: item.pain,
  }));
}

/** Records of feedback: one on the session, one on each exercise that was rated or hurt. */
export function feedbackOf(play: Play, rpe: number | null, at: string): Record<string, unknown>[] {
  const said = rpe === null ? [] : [{ at, about: 'session', session: play.id, rpe }];
  return [...said, ...play.items.filter((item) => item.rating !== null || item.pain > 0).map((item) => ({
    at, about: 'exercise', session: play.id, slug: item.slug, rating: item.rating,
    ...(item.pain > 0 ? { pain: item.pain } : {}), ...(item.regions.length > 0 ? { regions: item.regions } : {}),
  }))];
}

export type PainMap = Readonly<Record<string, { readonly level: number; readonly at: string }>>;

/** The profile's pain with one more report, the newest of its region. */
export function withPain(before: PainMap | undefined, region: string, level: number, at: string): PainMap {
  return { ...before, [region]: { level, at } };
}
