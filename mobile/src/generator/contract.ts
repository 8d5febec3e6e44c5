/**
 * The generator's contract as this runtime knows it; model_export/contract.py is where it is decided.
 *
 * Everything the model can carry itself (vocabularies, feature spec, wording) comes from its metadata and is not here.
 * generator-plans' first line repeats these lists, and a test compares them.
 */

export const CONTRACT = 2;
export const BUDGET_MIN_S = 120;
export const BUDGET_MAX_S = 3600;
/** L02: two sessions in a row that were too hard shorten the next to this part of what was asked for. */
export const STRAINED_AFTER = 2;
export const STRAINED_PERCENT = 85;

/** Elements of the input `request`, in order. */
export const REQUEST = [
  'kind', 'budget_s', 'gap_s', 'minute', 'age', 'level', 'explosive', 'met10', 'activity', 'systolic', 'diastolic',
  'strain', 'explore_step', 'explore_pick',
] as const;

/** Further request tensors, and the vocabulary that gives each its length. */
export const REQUEST_VECTORS = {
  demand_muscle: 'muscles',
  demand_move: 'moves',
  constraint: 'constraints',
  has_equipment: 'equipment',
  condition: 'conditions',
  red_flag: 'red_flags',
  sore_region: 'regions',
  acute_region: 'regions',
  pain_region: 'regions',
  deficit_muscle: 'muscles',
  deficit_move: 'moves',
} as const;

/** Columns of the input `history`. */
export const HISTORY = ['days_since', 'done', 'skipped', 'swapped', 'rating', 'pain'] as const;

/** Columns of the output `plan`. */
export const PLAN = [
  'item', 'phase', 'sets', 'work_s', 'reps', 'rest_s', 'transition_s', 'sides', 'position', 'score', 'demand',
  'deficits', 'history', 'learned', 'personal', 'variety', 'flow', 'drawn_from',
] as const;
/** The additive parts of `score`. */
export const PARTS = PLAN.slice(PLAN.indexOf('demand'), PLAN.indexOf('drawn_from'));

/** Bits of the output `blocked_by`. */
export const BLOCKED_BY = { condition: 1, constraint: 2, equipment: 4, level: 8, device: 16, rule: 32 } as const;

/** An int32 tensor, as every runtime's own class can be made from and turned into. */
export interface Tensor {
  readonly data: Int32Array;
  readonly dims: readonly number[];
}
export type Tensors = Readonly<Record<string, Tensor>>;
