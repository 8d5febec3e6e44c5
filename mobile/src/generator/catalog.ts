/** One catalogue release as the generator reads it: exercises in ascending slug order, the rest by id. */

import { fnv1a } from './hash';
import type { Tensors } from './contract';

export interface StoredDocument {
  readonly collection: string;
  readonly id: string;
  readonly data: unknown;
}

export interface Exercise {
  readonly slug: string;
  readonly type: string;
  readonly phases: readonly string[];
  readonly positions: readonly string[];
  readonly equipment: readonly string[];
  readonly hazards: readonly string[];
  readonly activities: readonly string[];
  readonly primary_muscles: readonly string[];
  readonly moves: readonly string[];
  readonly laterality: string;
  readonly difficulty: number;
  readonly met: number;
  readonly cue?: string | null;
}

export interface Activity {
  readonly label: string;
  /** As one says it in a sentence. */
  readonly spoken?: string;
  readonly met: number;
  readonly explosive?: number;
  readonly muscles: Readonly<Record<string, number>>;
  readonly moves: Readonly<Record<string, number>>;
}

export interface Condition {
  readonly exclude: readonly string[];
  readonly limit: readonly string[];
}

/** An entry of a vocabulary: a muscle has a region, a hazard the regions that it strains. */
export interface Entry {
  readonly label?: string;
  readonly region?: string;
  readonly regions?: readonly string[];
}

export interface Catalog {
  readonly release: number;
  readonly exercises: readonly Exercise[];
  readonly activities: ReadonlyMap<string, Activity>;
  readonly conditions: ReadonlyMap<string, Condition>;
  readonly vocabulary: ReadonlyMap<string, ReadonlyMap<string, Entry>>;
  /** What is for people only, by collection (`BESIDE`) and id; src/domain/content.ts reads it. */
  readonly beside: Readonly<Record<Beside, ReadonlyMap<string, unknown>>>;
  /** Slug to index, the contract's order. */
  readonly places: ReadonlyMap<string, number>;
  /** Hazard to the indices of the exercises that carry it. */
  readonly carriers: ReadonlyMap<string, readonly number[]>;
  /** FNV-1a of each slug. */
  readonly slugHashes: Uint32Array;
  /** What does not depend on a request, per model. */
  readonly cache: Map<string, Tensors>;
}

/** Collections that a catalogue may be without: words, texts on what is asked, programs, pictures and videos. */
const BESIDE = ['guide', 'about', 'program', 'media'] as const;
export type Beside = (typeof BESIDE)[number];

const LEAST_EXERCISES = 5;

/** Throws when a collection is missing. Names are ASCII by the catalogue's own rule, so code units sort as bytes do. */
export function readCatalog(documents: Iterable<StoredDocument>, release: number): Catalog {
  const found: Record<string, Map<string, unknown>> = {
    exercise: new Map(), activity: new Map(), condition: new Map(), vocabulary: new Map(),
  };
  const beside = Object.fromEntries(BESIDE.map((name) => [name, new Map<string, unknown>()])) as Record<Beside, Map<string, unknown>>;
  for (const { collection, id, data } of documents) (found[collection] ?? beside[collection as Beside] as Map<string, unknown> | undefined)?.set(id, data);
  for (const [name, entries] of Object.entries(found)) {
    if (entries.size === 0) throw new Error(`the catalogue has no ${name} documents`);
  }
  const bySlug = found.exercise as Map<string, Exercise>;
  const exercises = [...bySlug.keys()].sort().map((slug) => bySlug.get(slug)!);
  if (exercises.length < LEAST_EXERCISES) {
    throw new Error(`the catalogue has ${exercises.length} exercises; the generator needs ${LEAST_EXERCISES}`);
  }
  const carriers = new Map<string, number[]>();
  exercises.forEach((exercise, place) => {
    for (const hazard of exercise.hazards) {
      if (!carriers.has(hazard)) carriers.set(hazard, []);
      carriers.get(hazard)!.push(place);
    }
  });
  const vocabularies = found.vocabulary as Map<string, { entries: Record<string, Entry> }>;
  return {
    release,
    exercises,
    activities: found.activity as Map<string, Activity>,
    conditions: found.condition as Map<string, Condition>,
    vocabulary: new Map([...vocabularies].map(([name, data]) => [name, new Map(Object.entries(data.entries))])),
    beside,
    places: new Map(exercises.map((exercise, place) => [exercise.slug, place])),
    carriers,
    slugHashes: Uint32Array.from(exercises, (exercise) => fnv1a(exercise.slug)),
    cache: new Map(),
  };
}

export function entries(catalog: Catalog, name: string): ReadonlyMap<string, Entry> {
  const found = catalog.vocabulary.get(name);
  if (found === undefined) throw new Error(`the catalogue has no vocabulary ${name}`);
  return found;
}

/** A vocabulary's codes in contract order: ascending. */
export function codes(catalog: Catalog, name: string): string[] {
  if (name === 'activities') return [...catalog.activities.keys()].sort();
  if (name === 'conditions') return [...catalog.conditions.keys()].sort();
  return [...entries(catalog, name).keys()].filter((code) => code !== 'none').sort();
}

export function regionOf(catalog: Catalog, muscle: string): string {
  return entries(catalog, 'muscles').get(muscle)?.region ?? '';
}
