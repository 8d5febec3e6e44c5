/** What spares a region that hurts: which exercises work it, and what may stand in for them. */

import { entries, type Catalog, type Exercise } from '@/generator/catalog';

import type { PlayItem, Planned } from './play';

/** The catalogue's joints as regions; what names no place of the body strains none. */
const REGIONS_OF_JOINT: Readonly<Record<string, readonly string[]>> = {
  ankle: ['ankle'], toe: ['foot'], knee: ['knee'], hip: ['hip'], lumbar: ['lumbar_spine'],
  trunk: ['lumbar_spine', 'thoracic_spine'], thoracic: ['thoracic_spine'], rib: ['thoracic_spine'],
  scapula: ['shoulder'], shoulder: ['shoulder'], elbow: ['elbow'], forearm: ['elbow'], wrist: ['wrist_hand'],
  finger: ['wrist_hand'], cervical: ['neck'],
};
const LEGS: ReadonlySet<string> = new Set(['hip', 'knee', 'ankle', 'foot']);
/** What a leg that hurts is spared, whatever else it works (rule K01). */
const JOLTS: ReadonlySet<string> = new Set(['impact', 'impact_high', 'single_leg', 'knee_pivot']);
/** Never what a warm-up is made longer or ended with (rules S02 and W11). */
const STILL: ReadonlySet<string> = new Set(['static_stretch', 'pnf_stretch', 'breathing']);
const STATIC_MOST_S = 30;
const WORK_S: readonly [number, number] = [8, 60];

/** Regions that an exercise works or strains: of its main muscles, of its joints, of its hazards (rule L02). */
export function regionsOf(catalog: Catalog, exercise: Exercise): ReadonlySet<string> {
  const found = new Set<string>();
  const muscles = entries(catalog, 'muscles');
  for (const muscle of exercise.primary_muscles) {
    const region = muscles.get(muscle)?.region;
    if (region !== undefined) found.add(region);
  }
  for (const move of exercise.moves) REGIONS_OF_JOINT[move.split('.')[0]!]?.forEach((region) => found.add(region));
  for (const hazard of exercise.hazards) {
    entries(catalog, 'hazards').get(hazard)?.regions?.forEach((region) => found.add(region));
    if (JOLTS.has(hazard)) LEGS.forEach((region) => found.add(region));
  }
  return found;
}

function exerciseOf(catalog: Catalog, slug: string): Exercise | undefined {
  const place = catalog.places.get(slug);
  return place === undefined ? undefined : catalog.exercises[place];
}

/** An exercise that the catalogue does not know is taken to work everything. */
export function worksRegion(catalog: Catalog, slug: string, region: string): boolean {
  const exercise = exerciseOf(catalog, slug);
  return exercise === undefined || regionsOf(catalog, exercise).has(region);
}

/** Least and most seconds per side and set of an exercise's type. */
export function workBounds(catalog: Catalog, slug: string): readonly [number, number] {
  const type = exerciseOf(catalog, slug)?.type ?? '';
  const found = catalog.vocabulary.get('types')?.get(type) as { work_s?: readonly [number, number] } | undefined;
  return found?.work_s ?? WORK_S;
}

/** `slug` in the place of an item: the same sets, and the same time as far as its type and sides allow. */
export function inPlaceOf(catalog: Catalog, item: Planned, slug: string): Planned | null {
  const exercise = exerciseOf(catalog, slug);
  if (exercise === undefined) return null;
  const sides = exercise.laterality === 'unilateral' ? 2 : 1;
  const room = item.work_s_per_side * item.sides + 5 * (item.sides - 1);
  const [least, most] = workBounds(catalog, slug);
  const limit = STILL.has(exercise.type) && exercise.type !== 'breathing' ? Math.min(most, STATIC_MOST_S) : most;
  return {
    slug, phase: item.phase, position: exercise.positions[0] ?? item.position, reps: null, sets: item.sets, sides,
    work_s_per_side: Math.min(Math.max(Math.floor((room - 5 * (sides - 1)) / sides), least), limit),
    rest_s: item.rest_s, transition_s: item.transition_s,
  };
}

/**
 * What may stand in for an item, best first: what the generator offered for its phase (`instead`, so nothing that is kept
 * from this person), that is not in this session already and works none of the regions that hurt.
 */
export function standIns(
  catalog: Catalog, kind: string, instead: Readonly<Record<string, readonly string[]>>, items: readonly PlayItem[],
  item: PlayItem, hurting: readonly string[],
): string[] {
  const used = new Set(items.map(({ slug }) => slug));
  const before = exerciseOf(catalog, item.slug)?.type;
  return (instead[item.phase] ?? []).filter((slug) => {
    const exercise = exerciseOf(catalog, slug);
    if (exercise === undefined || used.has(slug)) return false;
    if (kind === 'warmup' && STILL.has(exercise.type) && exercise.type !== before) return false;
    const works = regionsOf(catalog, exercise);
    return !hurting.some((region) => works.has(region));
  });
}

/** Regions that were reported to hurt in this session. */
export function hurtingRegions(items: readonly PlayItem[]): string[] {
  return [...new Set(items.flatMap((item) => item.regions))];
}
