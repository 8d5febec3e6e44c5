/** What the safety checker looks at: a finished routine, resolved against the catalogue. */

import type { Catalog, Entry, Exercise } from '../catalog';
import type { Item, Routine } from '../decode';

/** What broke a rule; `because` where the reason is the person's, in the form of a routine's `left_out`. */
export interface Finding {
  readonly message: string;
  readonly because?: string;
}

/** A broken rule: its id in evidence.json, or `contract`, and what broke it. */
export interface Violation extends Finding {
  readonly rule: string;
}

interface PastExercise {
  readonly days_since?: number;
  readonly rating?: number;
  readonly pain?: number;
}

/** The payload as a person gave it: the checker reads this, not what the encoder made of it. */
export interface Payload {
  readonly request: {
    readonly kind: string;
    readonly activity: string | { readonly explosive?: number };
    readonly budget_s: number;
    readonly gap_s?: number | null;
    readonly local_time?: string | null;
  };
  readonly profile?: {
    readonly age?: number | null;
    readonly level?: string | null;
    readonly conditions?: readonly string[] | null;
    readonly constraints?: readonly string[] | null;
    readonly equipment?: readonly string[] | null;
    readonly red_flags?: readonly string[] | null;
    readonly soreness?: readonly string[] | null;
    readonly acute_regions?: readonly string[] | null;
    readonly blood_pressure?: { readonly systolic?: number | null; readonly diastolic?: number | null } | null;
  } | null;
  readonly history?: {
    readonly exercises?: Readonly<Record<string, PastExercise>> | null;
    readonly sessions?: readonly { readonly rpe: number; readonly target?: number }[] | null;
    readonly pain?: Readonly<Record<string, { readonly days_since?: number; readonly level?: number }>> | null;
  } | null;
}

/** An item of the routine with its exercise. */
export interface Row {
  readonly item: Item;
  readonly exercise: Exercise;
}

export interface Case {
  readonly catalog: Catalog;
  readonly payload: Payload;
  readonly routine: Routine;
  readonly rows: readonly Row[];
  readonly kind: string;
  readonly age: number;
  readonly level: string;
  readonly conditions: readonly string[];
  readonly constraints: readonly string[];
  /** L02: both of the latest two sessions were at least two above their target effort. */
  readonly strained: boolean;
  /** What the routine is to take, seconds: 85 % of what was asked for when `strained`. */
  readonly budget: number;
}

export function caseOf(catalog: Catalog, payload: Payload, routine: Routine, rows: readonly Row[]): Case {
  const { request, profile, history } = payload;
  const latest = (history?.sessions ?? []).slice(0, 2);
  const strained = latest.length === 2 && latest.every(({ rpe, target }) => rpe - (target ?? 4) >= 2);
  return {
    catalog, payload, routine, rows, strained,
    kind: request.kind,
    age: profile?.age || 35,
    level: profile?.level || 'recreational',
    conditions: profile?.conditions ?? [],
    constraints: profile?.constraints ?? [],
    budget: strained ? Math.max(Math.floor((request.budget_s * 85) / 100), 120) : request.budget_s,
  };
}

export function has(it: Case, ...conditions: string[]): boolean {
  return conditions.some((condition) => it.conditions.includes(condition));
}

/** Seconds of work, all sets and sides. */
export function workOf(item: Item): number {
  return item.sets * item.work_s_per_side * item.sides;
}

/** Seconds from the start of the transition to the end of the last set. */
export function lengthOf(item: Item): number {
  const one = item.work_s_per_side * item.sides + 5 * (item.sides - 1);
  return item.sets * one + item.rest_s * (item.sets - 1) + item.transition_s;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export function ofType(it: Case, ...types: string[]): Row[] {
  return it.rows.filter(({ exercise }) => types.includes(exercise.type));
}

export function vocabulary(it: Case, name: string): ReadonlyMap<string, Entry> {
  return it.catalog.vocabulary.get(name) ?? new Map();
}

/** Regions of the muscles that an exercise works most. */
export function regionsOf(it: Case, exercise: Exercise): string[] {
  const muscles = vocabulary(it, 'muscles');
  return exercise.primary_muscles.map((muscle) => muscles.get(muscle)?.region ?? '');
}

/** U05, N04: the greatest difficulty that suits the person. */
export function difficultyCap(it: Case): number {
  const cap = { beginner: 2, recreational: 3, trained: 5 }[it.level] ?? 0;
  return it.age < 14 ? Math.min(cap, 3) : cap;
}

export function pastOf(it: Case, slug: string): PastExercise {
  return it.payload.history?.exercises?.[slug] ?? {};
}

/** L04: more pain than this, of 10, keeps an item out. */
export function painLimit(it: Case): number {
  return it.conditions.some((condition) => condition.endsWith('_tendinopathy')) ? 5 : 3;
}

/** What breaks the rule, a sentence each; nothing when it holds. */
export type Check = (it: Case) => Iterable<string | Finding>;
/** [rule, check]: a rule may have several. */
export type Checks = readonly (readonly [rule: string, check: Check])[];
