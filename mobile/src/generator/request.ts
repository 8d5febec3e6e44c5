/** A person's request, checked: what comes in is refused with the field named, never guessed at. */

import { codes, entries, regionOf, type Catalog } from './catalog';
import { BUDGET_MAX_S, BUDGET_MIN_S, HISTORY } from './contract';

export const LEVELS = ['beginner', 'recreational', 'trained'];
const SEXES = ['female', 'male', 'other'];
/** L02: how long a report of pain keeps a region's end-range work out. */
const PAIN_DAYS = 7;
/** W06: the effort that a routine aims at, of 10, where a session does not say. */
const TARGET_RPE = 4;

/** A malformed or impossible request: `field` is a dotted path, `reason` a sentence. */
export class RequestError extends Error {
  constructor(
    readonly field: string,
    readonly reason: string,
  ) {
    super(`${field}: ${reason}`);
    this.name = 'RequestError';
  }
}

/** One checked request; times in seconds, demand 0..3, readings in mmHg. `budgetS` is what was asked for. */
export interface Request {
  readonly kind: string;
  readonly activity: string | null;
  readonly budgetS: number;
  readonly demand: { readonly muscles: ReadonlyMap<string, number>; readonly moves: ReadonlyMap<string, number> };
  readonly explosive: number;
  readonly met: number;
  readonly minute: number;
  readonly gapS: number;
  readonly age: number;
  readonly level: string;
  readonly systolic: number;
  readonly diastolic: number;
  readonly conditions: readonly string[];
  readonly constraints: readonly string[];
  readonly equipment: readonly string[];
  readonly redFlags: readonly string[];
  readonly soreness: readonly string[];
  readonly acuteRegions: readonly string[];
  readonly deficitMuscles: readonly string[];
  readonly deficitMoves: readonly string[];
  readonly painRegions: readonly string[];
  readonly strain: number;
  readonly history: ReadonlyMap<string, readonly number[]>;
  readonly learned: string | null;
  readonly explore: boolean;
  readonly seed: number;
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field, undefined where absent: never something inherited. */
function get(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function object(value: unknown, where: string, known: readonly string[]): Fields {
  if (!isObject(value)) throw new RequestError(where, 'must be an object');
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new RequestError(where ? `${where}.${key}` : key, `unknown field; known are ${known.join(', ')}`);
    }
  }
  return value;
}

function integer(value: unknown, where: string, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new RequestError(where, `must be a whole number from ${low} to ${high}`);
  }
  if (value < low || value > high) throw new RequestError(where, `must be from ${low} to ${high}, not ${value}`);
  return value;
}

/** As `integer`, with a default where the field is absent or, if `nullable`, null. */
function optional(
  fields: Fields, where: string, name: string, low: number, high: number, preset: number, nullable = true,
): number {
  const value = get(fields, name);
  if (value === undefined || (nullable && value === null)) return preset;
  return integer(value, where ? `${where}.${name}` : name, low, high);
}

function oneOf(value: unknown, where: string, known: readonly string[]): string {
  if (typeof value !== 'string' || !known.includes(value)) {
    throw new RequestError(where, `${JSON.stringify(value)} is not one of ${[...known].sort().join(', ')}`);
  }
  return value;
}

function codeList(value: unknown, where: string, known: readonly string[]): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new RequestError(where, 'must be a list of codes');
  return [...new Set(value.map((code, i) => oneOf(code, `${where}[${i}]`, known)))];
}

function localTime(value: unknown, where: string): number {
  const pattern = /^(?:\d{4}-\d{2}-\d{2}T)?([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?$/;
  const match = typeof value === 'string' ? pattern.exec(value) : null;
  if (match === null) throw new RequestError(where, 'must be a local time such as 07:30');
  return Number(match[1]) * 60 + Number(match[2]);
}

type ActivityPart = Pick<Request, 'activity' | 'demand' | 'explosive' | 'met'>;

/** A custom activity: chosen muscles and movements, 0..3 each. */
function customActivity(value: Fields, where: string, catalog: Catalog): ActivityPart {
  const given = object(value, where, ['muscles', 'moves', 'explosive', 'met']);
  const demand = (part: 'muscles' | 'moves'): Map<string, number> => {
    const wanted = get(given, part);
    const weights = object(wanted === undefined ? {} : wanted, `${where}.${part}`, codes(catalog, part));
    return new Map(Object.entries(weights).map(([code, n]) => [code, integer(n, `${where}.${part}.${code}`, 0, 3)]));
  };
  const vectors = { muscles: demand('muscles'), moves: demand('moves') };
  const met = Object.hasOwn(given, 'met') ? given.met : 5;
  if (typeof met !== 'number' || !(met >= 1 && met <= 25)) {
    throw new RequestError(`${where}.met`, 'must be a number from 1 to 25');
  }
  const explosive = optional(given, where, 'explosive', 0, 3, 0, false);
  return { activity: null, demand: vectors, explosive, met };
}

function activityPart(value: unknown, catalog: Catalog): ActivityPart {
  if (isObject(value)) return customActivity(value, 'request.activity', catalog);
  const code = oneOf(value, 'request.activity', [...catalog.activities.keys()]);
  const known = catalog.activities.get(code)!;
  return {
    activity: code,
    demand: { muscles: new Map(Object.entries(known.muscles)), moves: new Map(Object.entries(known.moves)) },
    explosive: known.explosive ?? 0,
    met: known.met,
  };
}

const RANGES: Readonly<Record<string, readonly [low: number, high: number, preset: number]>> = {
  days_since: [0, 3650, 60], rating: [-1, 1, 0], pain: [0, 10, 0],
};
const CAPS: Readonly<Record<string, number>> = { days_since: 60, done: 100 };

function exerciseHistory(value: unknown, catalog: Catalog): Map<string, number[]> {
  if (!isObject(value)) throw new RequestError('history.exercises', 'must be an object');
  const rows = new Map<string, number[]>();
  for (const [slug, entry] of Object.entries(value)) {
    if (!catalog.places.has(slug)) continue; // an exercise that left the catalogue
    const where = `history.exercises.${slug}`;
    const fields = object(entry, where, HISTORY);
    rows.set(slug, HISTORY.map((name) => {
      const [low, high, preset] = RANGES[name] ?? [0, 100_000, 0];
      return Math.min(optional(fields, where, name, low, high, preset, false), CAPS[name] ?? Infinity);
    }));
  }
  return rows;
}

/** L02: how many of the latest sessions in a row were at least two above their target, at most 9. */
function strainOf(value: unknown): number {
  if (!Array.isArray(value)) throw new RequestError('history.sessions', 'must be a list, the newest first');
  const above = value.map((entry, i) => {
    const where = `history.sessions[${i}]`;
    const given = object(entry, where, ['days_since', 'rpe', 'target']);
    if (!Object.hasOwn(given, 'rpe')) throw new RequestError(`${where}.rpe`, 'is missing');
    optional(given, where, 'days_since', 0, 3650, 0, false);
    const rpe = integer(given.rpe, `${where}.rpe`, 0, 10);
    return rpe >= optional(given, where, 'target', 0, 10, TARGET_RPE, false) + 2;
  });
  return Math.min([...above, false].indexOf(false), 9);
}

/** L02: regions with pain in the last seven days, reported for themselves or for an exercise that works them. */
function painRegions(value: unknown, exercises: ReadonlyMap<string, readonly number[]>, catalog: Catalog): string[] {
  const known = codes(catalog, 'regions');
  const found = new Set<string>();
  for (const [region, entry] of Object.entries(object(value, 'history.pain', known))) {
    const where = `history.pain.${region}`;
    const given = object(entry, where, ['days_since', 'level']);
    const level = optional(given, where, 'level', 0, 10, 1, false);
    if (level > 0 && optional(given, where, 'days_since', 0, 3650, 0, false) <= PAIN_DAYS) found.add(region);
  }
  for (const [slug, row] of exercises) {
    if (row[HISTORY.indexOf('pain')]! > 0 && row[HISTORY.indexOf('days_since')]! <= PAIN_DAYS) {
      const exercise = catalog.exercises[catalog.places.get(slug)!]!;
      for (const muscle of exercise.primary_muscles) found.add(regionOf(catalog, muscle));
    }
  }
  return known.filter((region) => found.has(region));
}

type HistoryPart = Pick<Request, 'history' | 'strain' | 'painRegions' | 'learned'>;

function historyPart(value: unknown, catalog: Catalog): HistoryPart {
  const given = object(value, 'history', ['exercises', 'sessions', 'pain', 'learned']);
  const or = (name: string, preset: unknown): unknown => (Object.hasOwn(given, name) ? given[name] : preset);
  const history = exerciseHistory(or('exercises', {}), catalog);
  const learned = or('learned', null);
  if (learned !== null && typeof learned !== 'string') {
    throw new RequestError('history.learned', 'must be the text that the device keeps its learned state in');
  }
  return {
    history,
    strain: strainOf(or('sessions', [])),
    painRegions: painRegions(or('pain', {}), history, catalog),
    learned,
  };
}

/** Codes of movements, muscles or regions; a region stands for its muscles. */
function deficits(value: unknown, catalog: Catalog): { muscles: string[]; moves: string[] } {
  const muscles = entries(catalog, 'muscles');
  const regions = codes(catalog, 'regions');
  const chosen = codeList(value, 'profile.deficits', [...codes(catalog, 'moves'), ...muscles.keys(), ...regions]);
  const found = new Set(chosen.filter((code) => muscles.has(code)));
  for (const region of chosen.filter((code) => regions.includes(code))) {
    for (const [muscle, entry] of muscles) if (entry.region === region) found.add(muscle);
  }
  return { muscles: [...found], moves: chosen.filter((code) => !muscles.has(code) && !regions.includes(code)) };
}

function orEmpty(value: unknown): unknown {
  return value ?? {};
}

const PROFILE = [
  'age', 'sex', 'level', 'conditions', 'constraints', 'equipment', 'red_flags', 'deficits', 'soreness',
  'acute_regions', 'blood_pressure',
];

/** The payload of `scripts/generate` as a Request. Throws RequestError naming the field. */
export function parse(payload: unknown, catalog: Catalog): Request {
  const top = object(payload, '', ['request', 'profile', 'history', 'seed', 'explore']);
  if (!Object.hasOwn(top, 'request')) throw new RequestError('request', 'is missing');
  const given = object(top.request, 'request', ['kind', 'activity', 'budget_s', 'local_time', 'gap_s']);
  for (const name of ['kind', 'activity', 'budget_s']) {
    if (!Object.hasOwn(given, name)) throw new RequestError(`request.${name}`, 'is missing');
  }
  const person = object(orEmpty(get(top, 'profile')), 'profile', PROFILE);
  const sex = get(person, 'sex');
  if (sex !== undefined && sex !== null) oneOf(sex, 'profile.sex', SEXES);
  const where = 'profile.blood_pressure';
  const reading = object(orEmpty(get(person, 'blood_pressure')), where, ['systolic', 'diastolic']);
  const wanted = deficits(get(person, 'deficits'), catalog);
  const regions = codes(catalog, 'regions');
  const list = (name: string, known: readonly string[]): string[] =>
    codeList(get(person, name), `profile.${name}`, known);
  const time = get(given, 'local_time') ?? null;
  const explore = Object.hasOwn(top, 'explore') ? top.explore : false;
  // In this order, so that of several mistakes every runtime names the same first.
  const asked = {
    kind: oneOf(given.kind, 'request.kind', codes(catalog, 'kinds')),
    budgetS: integer(given.budget_s, 'request.budget_s', BUDGET_MIN_S, BUDGET_MAX_S),
    gapS: optional(given, 'request', 'gap_s', 0, 86_400, -1),
    minute: time === null ? -1 : localTime(time, 'request.local_time'),
    age: optional(person, 'profile', 'age', 7, 120, 35),
    level: oneOf(get(person, 'level') ?? 'recreational', 'profile.level', LEVELS),
    systolic: optional(reading, where, 'systolic', 0, 300, 0),
    diastolic: optional(reading, where, 'diastolic', 0, 200, 0),
    conditions: list('conditions', [...catalog.conditions.keys()]),
    constraints: list('constraints', codes(catalog, 'constraints')),
    equipment: list('equipment', [...codes(catalog, 'equipment'), 'none']),
    redFlags: list('red_flags', codes(catalog, 'red_flags')),
    soreness: list('soreness', regions),
    acuteRegions: list('acute_regions', regions),
  };
  if (typeof explore !== 'boolean') throw new RequestError('explore', 'must be true or false');
  return {
    ...asked,
    deficitMuscles: wanted.muscles,
    deficitMoves: wanted.moves,
    explore,
    seed: optional(top, '', 'seed', 0, 2 ** 32 - 1, 0, false),
    ...historyPart(orEmpty(get(top, 'history')), catalog),
    ...activityPart(given.activity, catalog),
  };
}
