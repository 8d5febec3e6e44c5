/** What may stand in for an item: read from the same run of the graph that made the routine. */

import type { Catalog } from './catalog';
import type { Tensors } from './contract';
import type { Routine } from './decode';
import { vocabularyOf, type Vocabulary } from './encode';

/** Of each phase, as many as a person would look through. */
const MOST = 40;

/**
 * Per phase: slugs of what nothing keeps from this person and what suits the request, best first, without what the routine
 * has already. Ties are broken by the catalogue's order, so that every runtime says the same.
 */
export function insteadOf(
  catalog: Catalog, vocabulary: Vocabulary, routine: Routine, outputs: Tensors,
): Record<string, string[]> {
  if (routine.status !== 'ok') return {};
  const [relevance, blocked] = [outputs.relevance!.data, outputs.blocked_by!.data];
  const used = new Set(routine.items.map(({ slug }) => slug));
  const open = catalog.exercises
    .map((exercise, place) => ({ exercise, place }))
    .filter(({ exercise, place }) => blocked[place] === 0 && relevance[place]! > 0 && !used.has(exercise.slug))
    .sort((a, b) => relevance[b.place]! - relevance[a.place]! || a.place - b.place);
  return Object.fromEntries(vocabularyOf(vocabulary, 'phases').map((phase) => [
    phase,
    open.filter(({ exercise }) => exercise.phases.includes(phase)).slice(0, MOST).map(({ exercise }) => exercise.slug),
  ]));
}
