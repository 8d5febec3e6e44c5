/**
 * The independent safety checker: re-reads a finished routine against the catalogue and the hard rules.
 *
 * It shares nothing with encoder, graph or decoder: it works on documents, the payload and the routine's JSON. The same
 * checks are in Python (model_export/checker.py), held together by shared cases.
 */

import type { Catalog } from '../catalog';
import type { Routine } from '../decode';
import { caseOf, type Payload, type Violation } from './case';
import { KINDS } from './kinds';
import { PEOPLE } from './people';

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
  const it = caseOf(catalog, payload as Payload, routine, rows);
  return CHECKS
    .filter(([rule]) => routine.status === 'ok' || OF_REFERRED.includes(rule))
    .flatMap(([rule, holds]) => [...holds(it)].map((message) => ({ rule, message })));
}
