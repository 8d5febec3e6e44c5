/**
 * From catalogue documents and a request to the graph's tensors, by the model's declared feature spec.
 *
 * One small generic encoder: what a field means is in the spec that travels with the model, not in code.
 */

import { entries, type Catalog, type Entry } from './catalog';
import { HISTORY, REQUEST, REQUEST_VECTORS, type Tensor, type Tensors } from './contract';
import { fnv1a, mix, roundHalfEven } from './hash';
import { LEVELS, type Request } from './request';

export type Vocabulary = Readonly<Record<string, readonly string[]>>;

/** One tensor of the spec; which fields are there depends on the encoder. */
export interface SpecEntry {
  readonly tensor: string;
  readonly collection: string;
  readonly encoder: 'weighted' | 'multihot' | 'index' | 'numbers';
  readonly vocabulary?: string;
  readonly field?: string;
  readonly fields?: readonly (readonly [path: string, weight: number])[];
  readonly columns?: readonly (readonly [path: string, scale: number])[];
  /** A vocabulary whose codes are the rows, instead of the exercises. */
  readonly rows?: string;
}

/** Never done: 60 days since. */
const NEVER_DONE = HISTORY.map((name) => (name === 'days_since' ? 60 : 0));

export function vocabularyOf(vocabulary: Vocabulary, name: string): readonly string[] {
  const found = vocabulary[name];
  if (found === undefined) throw new Error(`the model has no vocabulary ${name}`);
  return found;
}

/** `dose.sides` or `positions.0`; undefined where a step is absent. */
export function lookup(document: unknown, path: string): unknown {
  let value = document;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function listed(document: unknown, path: string): readonly string[] {
  return (lookup(document, path) as readonly string[] | null | undefined) ?? [];
}

function weighted(document: unknown, entry: SpecEntry): [code: string, weight: number][] {
  if (entry.encoder === 'weighted') {
    return entry.fields!.flatMap(([path, weight]) =>
      listed(document, path).map((code): [string, number] => [code, weight]));
  }
  if (entry.encoder === 'multihot') {
    return listed(document, entry.field!).filter((code) => code !== 'none').map((code): [string, number] => [code, 1]);
  }
  return [];
}

function matrix(rows: number, columns: number): Tensor {
  return { data: new Int32Array(rows * columns), dims: [rows, columns] };
}

function vector(values: ArrayLike<number>): Tensor {
  return { data: Int32Array.from(values), dims: [values.length] };
}

/** One tensor of the spec: [N, codes] or, for an index, [N]. Unknown codes are left out here. */
export function encodeRows(documents: readonly unknown[], entry: SpecEntry, known: readonly string[]): Tensor {
  const place = new Map(known.map((code, i) => [code, i]));
  if (entry.encoder === 'index') {
    return vector(documents.map((document) => place.get(String(lookup(document, entry.field!))) ?? 0));
  }
  const columns = entry.columns ?? [];
  const tensor = matrix(documents.length, entry.encoder === 'numbers' ? columns.length : known.length);
  documents.forEach((document, row) => {
    columns.forEach(([path, scale], column) => {
      const number = (lookup(document, path) as number | null | undefined) ?? 0;
      tensor.data[row * columns.length + column] = roundHalfEven(number * scale);
    });
    for (const [code, weight] of weighted(document, entry)) {
      const column = place.get(code);
      if (column !== undefined) tensor.data[row * known.length + column]! += weight;
    }
  });
  return tensor;
}

/**
 * [N] 1 where an exercise uses a code that the model does not know: it is blocked, not guessed at.
 *
 * A muscle, movement or activity that is unknown only loses its weight; the rest decide safety or meaning.
 */
function unknownCodes(documents: readonly unknown[], spec: readonly SpecEntry[], vocabulary: Vocabulary): Tensor {
  const harmless = new Set(['muscles', 'moves', 'activities']);
  const blocked = new Int32Array(documents.length);
  for (const entry of spec) {
    if (entry.collection !== 'exercise' || entry.vocabulary === undefined || harmless.has(entry.vocabulary)) continue;
    const known = new Set(vocabularyOf(vocabulary, entry.vocabulary));
    documents.forEach((document, row) => {
      const used = entry.encoder === 'index'
        ? [String(lookup(document, entry.field!))]
        : weighted(document, entry).map(([code]) => code);
      if (used.some((code) => !known.has(code))) blocked[row] = 1;
    });
  }
  return vector(blocked);
}

/** [codes, R] 0/1: the `region` or `regions` of each vocabulary entry. */
export function regionRows(
  found: ReadonlyMap<string, Entry>, known: readonly string[], regions: readonly string[],
): Tensor {
  const tensor = matrix(known.length, regions.length);
  known.forEach((code, row) => {
    const entry = found.get(code);
    const of = new Set([entry?.region, ...(entry?.regions ?? [])]);
    regions.forEach((region, column) => {
      tensor.data[row * regions.length + column] = of.has(region) ? 1 : 0;
    });
  });
  return tensor;
}

/** Every tensor of the spec, the regions of muscles and hazards, and `unknown` rows; kept per model on the catalogue. */
function catalogTensors(
  catalog: Catalog, spec: readonly SpecEntry[], vocabulary: Vocabulary, model: string,
): Tensors {
  const kept = catalog.cache.get(model);
  if (kept !== undefined) return kept;
  const tensors: Record<string, Tensor> = {};
  for (const entry of spec) {
    const documents = entry.collection === 'exercise'
      ? catalog.exercises
      : vocabularyOf(vocabulary, entry.rows!).map((code) => catalog.conditions.get(code) ?? {});
    const known = entry.vocabulary === undefined ? [] : vocabularyOf(vocabulary, entry.vocabulary);
    tensors[entry.tensor] = encodeRows(documents, entry, known);
  }
  const regions = vocabularyOf(vocabulary, 'regions');
  for (const [tensor, name] of [['muscle_region', 'muscles'], ['hazard_region', 'hazards']] as const) {
    tensors[tensor] = regionRows(entries(catalog, name), vocabularyOf(vocabulary, name), regions);
  }
  tensors.unknown = unknownCodes(catalog.exercises, spec, vocabulary);
  catalog.cache.set(model, tensors);
  return tensors;
}

/**
 * Which step draws among the best, and which of them: from the seed, so that a replay draws the same.
 *
 * A routine has about a step per 45 s; a step past its end draws nothing.
 */
function exploration(request: Request): { explore_step: number; explore_pick: number } {
  if (!request.explore) return { explore_step: -1, explore_pick: 0 };
  const h = mix(fnv1a('explore'), request.seed);
  const steps = Math.min(Math.max(Math.floor(request.budgetS / 45), 3), 24);
  return { explore_step: (h & 0xffff) % steps, explore_pick: (h >>> 16) % 60 };
}

/** Hazard to the person's condition that excludes it by the catalogue's matrix, or to `recent pain in the ...` (L02). */
export function excludedHazards(catalog: Catalog, request: Request): Map<string, string> {
  const found = new Map<string, string>();
  for (const region of request.painRegions) {
    const label = entries(catalog, 'regions').get(region)?.label ?? region;
    for (const [hazard, entry] of entries(catalog, 'hazards')) {
      if (entry.regions?.includes(region)) found.set(hazard, `recent pain in the ${label.toLowerCase()}`);
    }
  }
  for (const code of request.conditions) {
    for (const hazard of catalog.conditions.get(code)!.exclude) found.set(hazard, code);
  }
  return found;
}

/** [N] the device's own guard, from the documents alone: excluded hazards, and codes the model does not know. */
function deviceBlock(catalog: Catalog, request: Request, unknown: Tensor): Tensor {
  const blocked = Int32Array.from(unknown.data);
  for (const hazard of excludedHazards(catalog, request).keys()) {
    for (const place of catalog.carriers.get(hazard) ?? []) blocked[place] = 1;
  }
  return vector(blocked);
}

function scalars(request: Request, vocabulary: Vocabulary): Record<(typeof REQUEST)[number], number> {
  return {
    kind: vocabularyOf(vocabulary, 'kinds').indexOf(request.kind),
    budget_s: request.budgetS,
    gap_s: request.gapS,
    minute: request.minute,
    age: request.age,
    level: LEVELS.indexOf(request.level),
    explosive: request.explosive,
    met10: roundHalfEven(request.met * 10),
    activity: request.activity === null ? -1 : vocabularyOf(vocabulary, 'activities').indexOf(request.activity),
    systolic: request.systolic,
    diastolic: request.diastolic,
    strain: request.strain,
    ...exploration(request),
  };
}

/** Everything of the contract that the catalogue's tensors do not give. */
function requestTensors(catalog: Catalog, request: Request, vocabulary: Vocabulary, unknown: Tensor): Tensors {
  const ones = (codes: readonly string[]): ReadonlyMap<string, number> => new Map(codes.map((code) => [code, 1]));
  const weights: Record<keyof typeof REQUEST_VECTORS, ReadonlyMap<string, number>> = {
    demand_muscle: request.demand.muscles,
    demand_move: request.demand.moves,
    constraint: ones(request.constraints),
    has_equipment: ones(request.equipment),
    condition: ones(request.conditions),
    red_flag: ones(request.redFlags),
    sore_region: ones(request.soreness),
    acute_region: ones(request.acuteRegions),
    pain_region: ones(request.painRegions),
    deficit_muscle: ones(request.deficitMuscles),
    deficit_move: ones(request.deficitMoves),
  };
  const tensors: Record<string, Tensor> = {};
  for (const [name, codes] of Object.entries(REQUEST_VECTORS)) {
    const wanted = weights[name as keyof typeof REQUEST_VECTORS];
    tensors[name] = vector(vocabularyOf(vocabulary, codes).map((code) => wanted.get(code) ?? 0));
  }
  const numbers = scalars(request, vocabulary);
  const items = catalog.exercises.length;
  const history = matrix(items, HISTORY.length);
  for (let row = 0; row < items; row += 1) history.data.set(NEVER_DONE, row * HISTORY.length);
  for (const [slug, row] of request.history) history.data.set(row, catalog.places.get(slug)! * HISTORY.length);
  return {
    ...tensors,
    request: vector(REQUEST.map((name) => numbers[name])),
    history,
    blocked: deviceBlock(catalog, request, unknown),
    noise: vector(Int32Array.from(catalog.slugHashes, (hash) => mix(hash, request.seed) >>> 24)),
  };
}

/** All inputs of the graph for one request; `personal` [N] is what on-device learning adds, nothing by default. */
export function encode(
  catalog: Catalog, request: Request, spec: readonly SpecEntry[], vocabulary: Vocabulary, model: string,
  personal?: Int32Array,
): Tensors {
  const { unknown, ...fixed } = catalogTensors(catalog, spec, vocabulary, model);
  const tensors = { ...fixed, ...requestTensors(catalog, request, vocabulary, unknown!) };
  return { ...tensors, personal: vector(personal ?? new Int32Array(catalog.exercises.length)) };
}
