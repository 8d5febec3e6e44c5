/** From the graph's integers to the routine that is shown: items with reasons, warnings, what was left out and why. */

import { entries, regionOf, type Catalog, type Exercise } from './catalog';
import {
  BLOCKED_BY, BUDGET_MIN_S, HISTORY, PARTS, PLAN, STRAINED_AFTER, STRAINED_PERCENT, type Tensors,
} from './contract';
import { excludedHazards, vocabularyOf, type Vocabulary } from './encode';
import type { Request } from './request';

/** The words of reasons, from the model's metadata. */
export interface Wording {
  readonly muscles: Readonly<Record<string, string>>;
  readonly moves: Readonly<Record<string, string>>;
  readonly by_type: Readonly<Record<string, string>>;
  readonly easy: string;
  readonly step_up: string;
  readonly because: Readonly<Record<string, string>>;
  readonly yours: string;
  readonly rules_by_type: Readonly<Record<string, readonly string[]>>;
  readonly rules_of_opening: Readonly<Record<string, readonly string[]>>;
}

export interface Item {
  readonly slug: string;
  readonly phase: string;
  readonly position: string;
  readonly sets: number;
  readonly work_s_per_side: number;
  readonly sides: number;
  readonly reps: number | null;
  readonly rest_s: number;
  readonly transition_s: number;
  readonly reason: string;
  readonly rules: readonly string[];
  readonly propensity: number;
  readonly score: number;
  readonly parts: Readonly<Record<string, number>>;
}

export interface LeftOut {
  readonly slug: string;
  readonly because: string;
}

export interface Routine {
  readonly status: 'ok' | 'refer';
  readonly warnings: readonly string[];
  readonly budget_s: number;
  readonly total_s: number;
  readonly model: string;
  readonly catalog: number;
  readonly seed: number;
  readonly items: readonly Item[];
  readonly missing: Readonly<Record<string, readonly string[]>>;
  readonly left_out: readonly LeftOut[];
  /** Why the learned state was left aside; absent where it was not. */
  readonly learned_refused?: string;
}

type Row = Readonly<Record<(typeof PLAN)[number], number>>;

const LEFT_OUT_MOST = 6;

/** Sum of sets x (work x sides + 5 (sides - 1)) + rest (sets - 1) + transition, seconds. */
function totalS(items: readonly Item[]): number {
  return items.reduce(
    (sum, item) => sum + item.sets * (item.work_s_per_side * item.sides + 5 * (item.sides - 1))
      + item.rest_s * (item.sets - 1) + item.transition_s,
    0,
  );
}

/** Seconds that the routine is planned for (L02). */
function plannedS(request: Request): number {
  return request.strain >= STRAINED_AFTER
    ? Math.max(Math.floor((request.budgetS * STRAINED_PERCENT) / 100), BUDGET_MIN_S)
    : request.budgetS;
}

/** The JSON of generator.md from the graph's outputs. */
export function decode(
  catalog: Catalog, request: Request, outputs: Tensors, vocabulary: Vocabulary, wording: Wording, model: string,
): Routine {
  const { plan, warnings, refer } = outputs;
  const items: Item[] = [];
  const told = new Set<string>();
  for (let start = 0; start < plan!.data.length; start += PLAN.length) {
    const row = Object.fromEntries(PLAN.map((name, column) => [name, plan!.data[start + column]!])) as Row;
    if (row.item >= 0) items.push(itemOf(catalog, request, row, vocabulary, wording, items.length, told));
  }
  const referred = refer!.data[0] !== 0;
  return {
    status: referred ? 'refer' : 'ok',
    warnings: vocabularyOf(vocabulary, 'warnings').filter((_, i) => warnings!.data[i] !== 0),
    budget_s: plannedS(request),
    total_s: totalS(items),
    model: `sha256:${model}`,
    catalog: catalog.release,
    seed: request.seed,
    items,
    missing: referred ? {} : missing(catalog, request, items),
    left_out: referred ? [] : leftOut(catalog, request, outputs),
  };
}

/** The most demanded muscles and movements that no item answers. */
function missing(catalog: Catalog, request: Request, items: readonly Item[]): Record<string, string[]> {
  const done = items.map((item) => catalog.exercises[catalog.places.get(item.slug)!]!);
  const unanswered = (demand: ReadonlyMap<string, number>, field: 'primary_muscles' | 'moves'): string[] => {
    const answered = new Set(done.flatMap((exercise) => exercise[field]));
    return [...demand].filter(([code, n]) => n === 3 && !answered.has(code)).map(([code]) => code).sort();
  };
  return {
    muscles: unanswered(request.demand.muscles, 'primary_muscles'),
    moves: unanswered(request.demand.moves, 'moves'),
  };
}

function itemOf(
  catalog: Catalog, request: Request, row: Row, vocabulary: Vocabulary, wording: Wording, place: number, told: Set<string>,
): Item {
  const exercise = catalog.exercises[row.item]!;
  // Easy movement is there for what opens the kind: W02, C04, F05 or C09.
  const opens = place === 0 || exercise.type === 'pulse_raiser';
  const rules = opens ? wording.rules_of_opening[request.kind] : wording.rules_by_type[exercise.type];
  return {
    slug: exercise.slug,
    phase: vocabularyOf(vocabulary, 'phases')[row.phase]!,
    position: vocabularyOf(vocabulary, 'positions')[row.position]!,
    sets: row.sets,
    work_s_per_side: row.work_s,
    sides: row.sides,
    reps: row.reps || null,
    rest_s: row.rest_s,
    transition_s: row.transition_s,
    reason: reasonOf(catalog, request, exercise, row, wording, told),
    rules: rulesOf(request, exercise, rules!),
    propensity: Math.round(1e6 / row.drawn_from) / 1e6,
    score: row.score,
    parts: Object.fromEntries(PARTS.map((part) => [part, row[part]])),
  };
}

function rulesOf(request: Request, exercise: Exercise, rules: readonly string[]): readonly string[] {
  if (exercise.type === 'static_stretch' && request.age >= 65) {
    return rules.map((rule) => (rule === 'F01' ? 'F02' : rule));
  }
  if (exercise.type === 'balance') {
    return [request.conditions.includes('ankle_instability') ? 'K06' : request.age >= 65 ? 'O01' : 'N03'];
  }
  return rules;
}

/** The code in the model's words, else by its label in the catalogue. */
function wordOf(catalog: Catalog, name: 'muscles' | 'moves', code: string, wording: Wording): string {
  return wording[name][code] || (entries(catalog, name).get(code)?.label ?? code).toLowerCase();
}

/** The activity as one says it in a sentence: its `spoken` words, else its label up to the first / ( or comma. */
function spoken(catalog: Catalog, request: Request, wording: Wording): string {
  if (request.activity === null) return wording.yours;
  const activity = catalog.activities.get(request.activity)!;
  return activity.spoken || activity.label.split(/[/(,]/)[0]!.trim();
}

/**
 * A sentence: what the item does, and the first true of why it is here. `told` holds the codes, types and whys of the
 * reasons before; it grows.
 */
function reasonOf(
  catalog: Catalog, request: Request, exercise: Exercise, row: Row, wording: Wording, told: Set<string>,
): string {
  const { type, primary_muscles: muscles } = exercise;
  const demand = (code: string): number => request.demand.moves.get(code) ?? request.demand.muscles.get(code) ?? 0;
  const ordered = [...muscles].sort((a, b) => demand(b) - demand(a));
  const wanted = ordered.filter((code) => demand(code) >= 2);
  const fresh = wanted.filter((code) => !told.has(code));
  const moves = exercise.moves.filter((code) => demand(code) >= 2 && !told.has(code));
  const asked = [...request.deficitMuscles, ...request.deficitMoves];
  const pulse = type === 'pulse_raiser';
  let start = wording.by_type[type]!;
  if (pulse && request.kind === 'cooldown') start = wording.easy;
  else if (pulse && told.has(type) && request.kind === 'warmup') start = wording.step_up;
  let why = 'none';
  if (row.deficits > 0 && !pulse && asked.some((code) => muscles.includes(code) || exercise.moves.includes(code))) {
    why = 'deficits';
  } else if (row.history >= 100) why = 'history';
  else if (pulse || ['breathing', 'skill_drill', 'potentiation'].includes(type)) why = 'none';
  else if (fresh.length > 0) why = request.kind === 'cooldown' ? 'worked' : 'demand';
  else if (moves.length > 0 && request.kind !== 'cooldown') why = 'move';
  else if (wanted.length > 0 && !told.has('again')) why = 'again';
  else if (request.activity !== null && exercise.activities.includes(request.activity)) why = 'listed';
  [...(pulse ? [] : [...fresh, ...moves]), type, why].forEach((code) => told.add(code));
  const named = (fresh.length > 0 ? fresh : ordered).map((code) => wordOf(catalog, 'muscles', code, wording));
  const [move] = moves;
  const words: Readonly<Record<string, string>> = {
    muscles: [...new Set(named)].slice(0, 2).join(' and '),
    moves: move === undefined ? '' : wordOf(catalog, 'moves', move, wording),
    activity: spoken(catalog, request, wording),
  };
  return `${(start + wording.because[why]!).replace(/\{(\w+)\}/g, (_, name: string) => words[name]!)}.`;
}

/** What would have suited best and was kept out: by a condition first, then by a wish of the person. */
function leftOut(catalog: Catalog, request: Request, outputs: Tensors): LeftOut[] {
  const relevance = outputs.relevance!.data;
  const blocked = outputs.blocked_by!.data;
  const excluded = excludedHazards(catalog, request);
  const found = new Map<string, LeftOut>();
  for (const bit of ['condition', 'constraint'] as const) {
    const hit = [...blocked.keys()].filter((i) => (blocked[i]! & BLOCKED_BY[bit]) > 0 && relevance[i]! > 0);
    for (const i of hit.sort((a, b) => relevance[b]! - relevance[a]! || a - b).slice(0, LEFT_OUT_MOST)) {
      const exercise = catalog.exercises[i]!;
      if (found.has(exercise.slug)) continue;
      const because = bit === 'constraint'
        ? request.constraints.filter((c) => forbids(catalog, c, exercise)).join(', ') || 'constraint'
        : becauseOf(catalog, request, exercise, excluded);
      found.set(exercise.slug, { slug: exercise.slug, because });
    }
  }
  return [...found.values()].slice(0, LEFT_OUT_MOST);
}

function becauseOf(
  catalog: Catalog, request: Request, exercise: Exercise, excluded: ReadonlyMap<string, string>,
): string {
  for (const hazard of exercise.hazards) {
    const cause = excluded.get(hazard);
    if (cause !== undefined) return `${cause}: ${hazard}`;
  }
  for (const muscle of exercise.primary_muscles) {
    const region = regionOf(catalog, muscle);
    if (request.acuteRegions.includes(region)) return `injured in the last days: ${region}`;
  }
  if ((request.history.get(exercise.slug)?.[HISTORY.indexOf('pain')] ?? 0) > 0) return 'you reported pain';
  const [condition] = request.conditions;
  return condition === undefined ? 'condition' : `${condition}: ${exercise.type}`;
}

function forbids(catalog: Catalog, constraint: string, exercise: Exercise): boolean {
  const hazards = exercise.hazards;
  switch (constraint) {
    case 'no_floor':
      return hazards.includes('floor_transfer') || entries(catalog, 'floor_positions').has(exercise.positions[0]!);
    case 'no_kneel':
      return hazards.includes('kneeling');
    case 'no_jump':
      return hazards.includes('impact') || hazards.includes('impact_high');
    case 'seated_only':
      return !exercise.positions.includes('seated_chair');
    case 'small_space':
      return hazards.includes('travel');
    case 'no_equipment':
      return exercise.equipment.some((code) => code !== 'wall');
    default:
      return false;
  }
}
