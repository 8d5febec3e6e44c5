/** A routine that somebody keeps: record `routine` of docs/sync-records.md, written and read. */

import type { Routine } from '@/generator/decode';
import type { Payload } from '@/generator/maker';
import type { Fields, Rec } from '@/store/types';

import { KINDS, MINUTES, type Ask, type Kind } from './ask';
import { totalS, type Draft, type KeptItem } from './draft';

export interface KeptRoutine {
  readonly title: string | null;
  readonly kind: string | null;
  readonly activity: string | null;
  readonly budget_s: number | null;
  readonly favourite: boolean;
  readonly archived: boolean;
  readonly order: number;
  readonly created_at: string | null;
  readonly catalog: number | null;
  readonly model: string | null;
  readonly payload: Payload | null;
  readonly plan: Routine | null;
  readonly items: readonly KeptItem[] | null;
}

const TITLE_MOST = 120;

/** Seconds since 2020: the latest comes last, and one can be moved between two others. */
function orderOf(now: Date): number {
  return Math.round((now.getTime() - Date.UTC(2020, 0)) / 1000);
}

export function keptFields(draft: Draft, title: string, now: Date): Fields {
  const { request } = draft.made.payload;
  return {
    title: title.slice(0, TITLE_MOST),
    kind: request.kind,
    activity: typeof request.activity === 'string' ? request.activity : null,
    budget_s: request.budget_s,
    created_at: now.toISOString(),
    order: orderOf(now),
    catalog: draft.made.catalog,
    model: draft.made.model,
    payload: { request },
    plan: draft.made.routine,
    items: keptItems(draft),
  };
}

/** The fields that the record knows; the position is the exercise's own and comes back from the catalogue. */
export function keptItems(draft: Draft): Fields[] {
  return draft.items.map(({ slug, phase, sets, work_s_per_side, reps, sides, rest_s, transition_s }) => ({
    slug, phase, sets, work_s_per_side, sides, rest_s, transition_s, ...(reps === null ? {} : { reps }),
  }));
}

export interface Opened {
  readonly ask: Ask;
  readonly items: readonly KeptItem[];
}

/** What was kept as something to be made again here; null where too much of it is missing. `place` says where one is. */
export function openKept(record: Rec<KeptRoutine>, place: Ask): Opened | null {
  const { kind, items, budget_s: budget, payload, activity } = record.data;
  if (!items || items.length === 0 || !KINDS.includes(kind as Kind)) return null;
  const read = items.map((item): KeptItem => ({
    slug: item.slug, phase: item.phase ?? 'mobilise', sets: item.sets ?? 1, work_s_per_side: item.work_s_per_side ?? 30,
    sides: item.sides ?? 1, rest_s: item.rest_s ?? 0, transition_s: item.transition_s ?? 6, reps: item.reps ?? null,
  }));
  const seconds = budget ?? read.reduce((sum, item) => sum + totalS([item as never]), 0);
  return {
    ask: {
      ...place, kind: kind as Kind, startsIn: null,
      activity: (payload?.request?.activity as Ask['activity'] | undefined) ?? activity ?? 'general',
      minutes: Math.min(MINUTES.max, Math.max(MINUTES.min, Math.round(seconds / 60))),
    },
    items: read,
  };
}

/** Kept routines, the favourites and the latest first; archived ones are out of sight. */
export function keptOrder(records: readonly Rec<KeptRoutine>[]): Rec<KeptRoutine>[] {
  return records.filter(({ data }) => data.archived !== true).sort(
    (a, b) => Number(b.data.favourite ?? false) - Number(a.data.favourite ?? false) || (b.data.order ?? 0) - (a.data.order ?? 0),
  );
}
