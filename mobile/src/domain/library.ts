/** The library: what an exercise is, what narrows the list, what somebody thinks of it. */

import type { Catalog, Exercise } from '@/generator/catalog';
import type { Labels } from '@/i18n/words';

import type { Findable } from './find';

/** An exercise with what only people read. */
export interface Described extends Exercise {
  readonly name: string;
  readonly secondary_muscles: readonly string[];
  readonly dose?: {
    readonly mode: 'time' | 'reps';
    readonly reps: number | null;
    readonly sides: number;
    readonly work_s_per_side: number;
  };
}

export function described(catalog: Catalog, slug: string): Described | undefined {
  const place = catalog.places.get(slug);
  return place === undefined ? undefined : (catalog.exercises[place] as Described);
}

export function all(catalog: Catalog): readonly Described[] {
  return catalog.exercises as readonly Described[];
}

/** Fields of a record `exercise_pref`; its id is the slug. */
export interface Pref {
  readonly rating: -1 | 0 | 1 | null;
  readonly excluded: boolean;
  readonly favourite: boolean;
  /** Last day on which it stays out, `2026-01-09`; null for good. */
  readonly until: string | null;
  readonly at: string | null;
  readonly notes: string | null;
}

export type Prefs = ReadonlyMap<string, Partial<Pref>>;

export interface Filter {
  readonly types: readonly string[];
  readonly regions: readonly string[];
  readonly equipment: readonly string[];
  readonly positions: readonly string[];
  /** 1 to 5, the hardest to show. */
  readonly hardest: number;
  readonly only: 'all' | 'favourite' | 'kept_out' | 'my_kit';
}

export const NO_FILTER: Filter = { types: [], regions: [], equipment: [], positions: [], hardest: 5, only: 'all' };

/** How many kinds of narrowing are on. */
export function narrowed(filter: Filter): number {
  const lists = [filter.types, filter.regions, filter.equipment, filter.positions].filter((list) => list.length > 0);
  return lists.length + (filter.hardest < 5 ? 1 : 0) + (filter.only === 'all' ? 0 : 1);
}

/** Local day, `2026-01-09`. */
export function dayOf(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Thumbs down keeps an exercise out until undone, an exclusion until its day is over (docs/sync-records.md). */
export function keptOut(pref: Partial<Pref> | undefined, today: string): boolean {
  if (pref === undefined) return false;
  if (pref.rating === -1) return true;
  return pref.excluded === true && (pref.until == null || pref.until >= today);
}

export function regionsOf(catalog: Catalog, exercise: Exercise): Set<string> {
  const muscles = catalog.vocabulary.get('muscles');
  return new Set(exercise.primary_muscles.map((code) => muscles?.get(code)?.region ?? '').filter((code) => code !== ''));
}

/** Kit that nobody needs to own: `free_equipment` of the catalogue. */
function needs(catalog: Catalog, exercise: Exercise): string[] {
  return exercise.equipment.filter((code) => catalog.vocabulary.get('free_equipment')?.has(code) !== true);
}

export function passes(
  catalog: Catalog, exercise: Exercise, filter: Filter, prefs: Prefs, today: string, kit: readonly string[],
): boolean {
  const some = (wanted: readonly string[], has: (code: string) => boolean): boolean => wanted.length === 0 || wanted.some(has);
  const pref = prefs.get(exercise.slug);
  const regions = filter.regions.length === 0 ? null : regionsOf(catalog, exercise);
  return some(filter.types, (code) => exercise.type === code)
    && some(filter.regions, (code) => regions?.has(code) === true)
    && some(filter.equipment, (code) => (code === 'none' ? needs(catalog, exercise).length === 0 : exercise.equipment.includes(code)))
    && some(filter.positions, (code) => exercise.positions.includes(code))
    && exercise.difficulty <= filter.hardest
    && (filter.only !== 'favourite' || pref?.favourite === true)
    && (filter.only !== 'kept_out' || keptOut(pref, today))
    && (filter.only !== 'my_kit' || needs(catalog, exercise).every((code) => kit.includes(code)));
}

/** What a search looks at: the name first, then what it is and works, then its slug and its name in another language. */
export function findable(exercise: Described, labels: Labels, other: Labels | null): Findable {
  const words = (from: Labels): string => [
    from.label('types', exercise.type),
    ...exercise.primary_muscles.map((code) => from.label('muscles', code)),
    ...exercise.moves.map((code) => from.label('moves', code)),
    ...exercise.equipment.map((code) => from.label('equipment', code)),
    ...exercise.positions.map((code) => from.label('positions', code)),
  ].join(' ');
  const foreign = other === null ? [] : [`${other.exercise(exercise.slug).name} ${words(other)}`];
  return {
    id: exercise.slug,
    texts: [labels.exercise(exercise.slug).name, words(labels), `${exercise.slug} ${exercise.name}`, ...foreign],
  };
}

/** Conditions of the catalogue that keep this exercise out: one of its hazards is on their list. */
export function leftOutFor(catalog: Catalog, exercise: Exercise): string[] {
  return [...catalog.conditions].filter(([, { exclude }]) => exclude.some((code) => exercise.hazards.includes(code)))
    .map(([code]) => code);
}
