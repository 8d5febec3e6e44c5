/**
 * The routine that is being looked at: what the generator made, and what the person changed of it. Kept under the local
 * key `draft`. Edits are pure; each is judged by the independent checker, and what breaks a hard rule is refused.
 */

import { RULES, check, type Violation } from '@/generator/checker';
import type { Catalog } from '@/generator/catalog';
import type { Item, Routine } from '@/generator/decode';
import type { Made } from '@/generator/maker';

import type { Ask } from './ask';
import { described } from './library';
import { inPlaceOf, workBounds } from './spare';

/** An item after edits: what the player plays. */
export interface PlanItem extends Item {
  /** Slug of what it came in for. */
  readonly insteadOf?: string;
}

export interface Draft {
  readonly made: Made;
  /** What was asked for; null for a routine that was shared or kept before asks were. */
  readonly ask: Ask | null;
  readonly items: readonly PlanItem[];
  /** Id and title of the kept routine that this is, null where it is none. */
  readonly routine: string | null;
  readonly title: string | null;
  /** Where it came from, when not from the home screen. */
  readonly from?: 'link' | 'kept' | 'again';
}

export function draftOf(made: Made, ask: Ask | null): Draft {
  return { made, ask, items: made.routine.items, routine: null, title: null };
}

/** Seconds from the start of an item's transition to the end of its last set. */
export function lengthS(item: Pick<Item, 'sets' | 'work_s_per_side' | 'sides' | 'rest_s' | 'transition_s'>): number {
  return item.sets * (item.work_s_per_side * item.sides + 5 * (item.sides - 1)) + item.rest_s * (item.sets - 1) + item.transition_s;
}

export function totalS(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + lengthS(item), 0);
}

export function edited(draft: Draft): boolean {
  return draft.items !== draft.made.routine.items;
}

/** Every rule is one of safety but this: that the person wants an item is reason enough. */
const NOT_OF_SAFETY = new Set(['U04']);
export const SAFETY_RULES = RULES.filter((rule) => !NOT_OF_SAFETY.has(rule));

const STRAINED_SHARE = 0.85;
/** Shortest and longest routine, seconds (BUDGET_MIN_S and BUDGET_MAX_S of the contract, with the tolerance of U01). */
const SHORTEST_S = 90;
const LONGEST_S = 3630;

export interface Judged {
  readonly violations: readonly Violation[];
  /** The routine's warnings, with those that the edits made due. */
  readonly warnings: readonly string[];
}

/**
 * What the checker says of `items`. Their length is the person's own choice, so it is judged as if it had been asked for;
 * all else holds as it did for what the generator made.
 */
export function judge(catalog: Catalog, made: Made, items: readonly PlanItem[]): Judged {
  const total = totalS(items);
  const strained = made.routine.budget_s < made.payload.request.budget_s;
  const asked = Math.min(LONGEST_S, Math.max(SHORTEST_S, total));
  const payload = {
    ...made.payload,
    request: { ...made.payload.request, budget_s: Math.max(120, strained ? Math.ceil(asked / STRAINED_SHARE) : asked) },
  };
  let warnings = made.routine.warnings;
  const look = (): Violation[] => {
    const routine: Routine = { ...made.routine, items, total_s: total, warnings };
    return check(catalog, payload, routine).filter(({ rule }) => !NOT_OF_SAFETY.has(rule));
  };
  let violations = look();
  const due = violations.filter(({ rule }) => rule === 'warnings').map(({ message }) => message.split(' ')[0]!);
  if (due.length > 0) {
    warnings = [...warnings, ...due];
    violations = look();
  }
  return { violations, warnings };
}

/** An edit that holds, or the rules that it breaks. */
export type Edit = { readonly ok: true; readonly draft: Draft } | { readonly ok: false; readonly rules: readonly string[] };

/** Judges an edit: what was broken before the edit is not held against it, so that one can mend step by step. */
function tried(catalog: Catalog, draft: Draft, items: readonly PlanItem[]): Edit {
  if (items.length === 0) return { ok: false, rules: ['empty'] };
  const count = (list: readonly PlanItem[]): Map<string, number> => {
    const found = new Map<string, number>();
    for (const { rule } of judge(catalog, draft.made, list).violations) found.set(rule, (found.get(rule) ?? 0) + 1);
    return found;
  };
  const before = count(draft.items);
  const broken = [...count(items)].filter(([rule, n]) => n > (before.get(rule) ?? 0)).map(([rule]) => rule);
  return broken.length > 0 ? { ok: false, rules: broken } : { ok: true, draft: { ...draft, items } };
}

export function remove(catalog: Catalog, draft: Draft, place: number): Edit {
  return tried(catalog, draft, draft.items.filter((_, i) => i !== place));
}

/** Exchanges places with the neighbour: `by` is 1 (later) or −1. At an end: nothing changes. */
export function move(catalog: Catalog, draft: Draft, place: number, by: 1 | -1): Edit {
  const other = place + by;
  if (other < 0 || other >= draft.items.length) return { ok: true, draft };
  const items = [...draft.items];
  [items[place], items[other]] = [items[other]!, items[place]!];
  return tried(catalog, draft, items);
}

const STEP_S: Readonly<Record<string, number>> = { pulse_raiser: 15, breathing: 15, pnf_stretch: 15, foam_roll: 10, potentiation: 3 };
const SETS_MOST = 4;

/** Repetitions keep their pace when the time changes. */
function repsFor(item: PlanItem, work: number): number | null {
  return item.reps === null ? null : Math.max(1, Math.round((item.reps * work) / item.work_s_per_side));
}

/** A little longer or shorter: seconds within what the type allows, then a set. Null where it can go no further. */
export function stretched(catalog: Catalog, item: PlanItem, by: 1 | -1): PlanItem | null {
  const [least, most] = workBounds(catalog, item.slug);
  const type = described(catalog, item.slug)?.type ?? '';
  const work = item.work_s_per_side + by * (STEP_S[type] ?? 5);
  if (work >= least && work <= most) return { ...item, work_s_per_side: work, reps: repsFor(item, work) };
  const sets = item.sets + by;
  if (sets < 1 || sets > SETS_MOST) return null;
  return { ...item, sets, rest_s: sets > 1 ? item.rest_s : 0 };
}

export function lengthen(catalog: Catalog, draft: Draft, place: number, by: 1 | -1): Edit {
  const longer = stretched(catalog, draft.items[place]!, by);
  if (longer === null) return { ok: false, rules: [by > 0 ? 'longest' : 'shortest'] };
  return tried(catalog, draft, draft.items.map((item, i) => (i === place ? longer : item)));
}

/** `slug` in the place of an item, dosed to take about as long, else as the catalogue doses it; the first that holds. */
function standIn(catalog: Catalog, draft: Draft, place: number, slug: string): Edit {
  const item = draft.items[place]!;
  const exercise = described(catalog, slug);
  const base = inPlaceOf(catalog, item, slug);
  if (exercise === undefined || base === null) return { ok: false, rules: ['contract'] };
  const seated = draft.made.payload.profile?.constraints;
  const position = Array.isArray(seated) && seated.includes('seated_only') && exercise.positions.includes('seated_chair')
    ? 'seated_chair' : base.position;
  const usual = exercise.dose?.work_s_per_side ?? base.work_s_per_side;
  const works = exercise.type === 'pnf_stretch' ? [15] : [base.work_s_per_side, usual, 30];
  let last: Edit = { ok: false, rules: ['contract'] };
  for (const work of new Set(works)) {
    const perRep = exercise.dose?.mode === 'reps' && exercise.dose.reps ? usual / exercise.dose.reps : null;
    const came: PlanItem = {
      ...item, ...base, position, work_s_per_side: work, reps: perRep ? Math.max(1, Math.round(work / perRep)) : null,
      reason: 'You chose it.', rules: item.rules, propensity: 1, score: 0, parts: {}, insteadOf: item.insteadOf ?? item.slug,
    };
    last = tried(catalog, draft, draft.items.map((one, i) => (i === place ? came : one)));
    if (last.ok) return last;
  }
  return last;
}

export function swap(catalog: Catalog, draft: Draft, place: number, slug: string): Edit {
  return standIn(catalog, draft, place, slug);
}

/** What may come in for an item, best first: of what the generator offers this person, only what the rules let in. */
export function swaps(catalog: Catalog, draft: Draft, place: number, most = 8): string[] {
  const { phase } = draft.items[place]!;
  const used = new Set(draft.items.map(({ slug }) => slug));
  const found: string[] = [];
  // What was swapped out of this phase may come back.
  const gone = draft.made.routine.items.filter((item) => item.phase === phase).map(({ slug }) => slug);
  for (const slug of [...gone, ...(draft.made.instead[phase] ?? [])]) {
    if (found.length >= most) break;
    if (!used.has(slug) && !found.includes(slug) && standIn(catalog, draft, place, slug).ok) found.push(slug);
  }
  return found;
}

/** An item as a kept or shared routine has it. */
export type KeptItem = Pick<Item, 'slug' | 'phase' | 'sets' | 'work_s_per_side' | 'sides' | 'rest_s' | 'transition_s' | 'reps'> & {
  readonly position?: string;
};

export interface Adopted {
  readonly draft: Draft;
  /** Slugs that this catalogue does not have: left away. */
  readonly unknown: readonly string[];
}

/**
 * Somebody's items for this person now: `made` is what the generator made for the same request and this person, and gives
 * warnings, alternatives and reasons. Whether the items hold for the person, `judge` says.
 */
export function adopt(catalog: Catalog, made: Made, kept: readonly KeptItem[], plan?: Partial<Routine> | null): Adopted {
  const known = kept.filter(({ slug }) => catalog.places.has(slug));
  const reasons = new Map([...(plan?.items ?? []), ...made.routine.items].map((item) => [item.slug, item]));
  const items = known.map((item): PlanItem => {
    const exercise = catalog.exercises[catalog.places.get(item.slug)!]!;
    const like = reasons.get(item.slug);
    return {
      slug: item.slug, phase: item.phase, sets: item.sets, work_s_per_side: item.work_s_per_side, sides: item.sides,
      rest_s: item.rest_s, transition_s: item.transition_s, reps: item.reps,
      position: item.position ?? like?.position ?? exercise.positions[0]!,
      reason: like?.reason ?? '', rules: like?.rules ?? [], propensity: 1, score: 0, parts: {},
    };
  });
  const used = new Set(items.map(({ slug }) => slug));
  const phases = new Set([...Object.keys(made.instead), ...made.routine.items.map(({ phase }) => phase)]);
  const instead = Object.fromEntries([...phases].map((phase) => [
    phase,
    [...made.routine.items.filter((item) => item.phase === phase).map(({ slug }) => slug), ...(made.instead[phase] ?? [])]
      .filter((slug) => !used.has(slug)),
  ]));
  const routine: Routine = { ...made.routine, items, total_s: totalS(items), missing: {} };
  return {
    draft: { made: { ...made, routine, instead }, ask: null, items, routine: null, title: null },
    unknown: kept.filter(({ slug }) => !catalog.places.has(slug)).map(({ slug }) => slug),
  };
}
