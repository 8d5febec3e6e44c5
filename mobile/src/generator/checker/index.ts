/**
 * The independent safety checker: re-reads a finished routine against the catalogue and the hard rules.
 *
 * It shares nothing with encoder, graph or decoder: it works on documents, the payload and the routine's JSON. The same
 * checks are in Python (model_export/checker.py), held together by shared cases.
 */

import type { Catalog } from '../catalog';
import type { Item, Routine } from '../decode';
import { caseOf, type Checks, type Payload, type Row, type Violation } from './case';
import { KINDS } from './kinds';
import { OF_ONE, PEOPLE } from './people';

export type { Payload, Violation } from './case';

const CHECKS = [...KINDS, ...PEOPLE];
/** Names under which checks report; the shared cases name the same. */
export const RULES = [...new Set(CHECKS.map(([rule]) => rule))].sort();

/** Rules that hold for somebody who is referred and gets no routine. */
const OF_REFERRED = ['X01', 'warnings'];

/** All violations of one routine; empty when it is safe to show. `payload` must be one that `parse` accepts. */
export function check(catalog: Catalog, payload: unknown, routine: Routine): Violation[] {
  const known = new Map(catalog.exercises.map((exercise) => [exercise.slug, exercise]));
  const unknown = routine.items.filter((item) => !known.has(item.slug));
  if (unknown.length > 0) {
    return unknown.map(({ slug }) => ({ rule: 'contract', message: `${slug} is not in the catalogue` }));
  }
  const rows = routine.items.map((item) => ({ item, exercise: known.get(item.slug)! }));
  const checks = CHECKS.filter(([rule]) => routine.status === 'ok' || OF_REFERRED.includes(rule));
  return found(checks, catalog, payload as Payload, routine, rows);
}

function found(checks: Checks, catalog: Catalog, payload: Payload, routine: Routine, rows: readonly Row[]): Violation[] {
  const it = caseOf(catalog, payload, routine, rows);
  return checks.flatMap(([rule, holds]) => [...holds(it)].map((one) => ({ rule, ...(typeof one === 'string' ? { message: one } : one) })));
}

const NO_ITEM: Omit<Item, 'slug' | 'phase' | 'position'> = {
  sets: 1, work_s_per_side: 0, sides: 1, reps: null, rest_s: 0, transition_s: 0, reason: '', rules: [], propensity: 1, score: 0, parts: {},
};

/**
 * What keeps one exercise from a person, whatever routine it were in: the same checks as a routine's, those of a single
 * item. Empty where it may be done in one of its positions; an exercise that the catalogue does not have is `contract`.
 */
export function checkExercise(catalog: Catalog, payload: unknown, slug: string): Violation[] {
  const place = catalog.places.get(slug);
  const exercise = place === undefined ? undefined : catalog.exercises[place];
  if (exercise === undefined) return [{ rule: 'contract', message: `${slug} is not in the catalogue` }];
  const tries = exercise.positions.map((position) => {
    const item: Item = { ...NO_ITEM, slug, position, phase: exercise.phases[0] ?? '' };
    const routine: Routine = {
      status: 'ok', warnings: [], budget_s: 0, total_s: 0, model: '', catalog: catalog.release, seed: 0, items: [item], missing: {}, left_out: [],
    };
    return found(OF_ONE, catalog, payload as Payload, routine, [{ item, exercise }]);
  });
  return tries.find((violations) => violations.length === 0) ?? tries[0] ?? [];
}
