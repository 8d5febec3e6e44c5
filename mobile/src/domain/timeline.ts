/** A routine as a row of timed steps: get ready, work on each side, change of sides, rest. Whole seconds throughout. */

/** Seconds for a change of sides that a routine is planned with (docs: total_s counts 5 per pair of sides). */
export const SWITCH_S = 5;
const SWITCH_MOST_S = 30;
const READY_MOST_S = 60;

/** What of an item its time depends on; the generator's item has it all. */
export interface Timed {
  readonly sets: number;
  readonly work_s_per_side: number;
  readonly sides: number;
  readonly rest_s: number;
  readonly transition_s: number;
  /** Seconds that somebody added while it was running. */
  readonly longer?: readonly Longer[];
}

/** Added on the first side it holds for both, so that both get the same; on the second there is only that one left. */
export interface Longer {
  readonly set: number;
  readonly side: number;
  readonly s: number;
}

export type StepKind = 'ready' | 'work' | 'switch' | 'rest';

export interface Step {
  readonly kind: StepKind;
  /** Counts from 0. A rest belongs to the set before it. */
  readonly set: number;
  /** 0 or 1 where an item has two sides: of a switch, the one that comes; null where it has one. */
  readonly side: number | null;
  readonly s: number;
}

/** A person's own pace. The least get-ready never shortens what the routine plans. */
export interface Pace {
  readonly readyS: number;
  readonly switchS: number;
}

export const PLANNED_PACE: Pace = { readyS: 0, switchS: SWITCH_S };

/** Settings as a pace: a change of sides takes at least the planned 5 s, whatever is stored. */
export function paceOf(readyS: number | null | undefined, switchS: number | null | undefined): Pace {
  return {
    readyS: Math.min(Math.max(Math.round(readyS ?? 0), 0), READY_MOST_S),
    switchS: Math.min(Math.max(Math.round(switchS ?? SWITCH_S), SWITCH_S), SWITCH_MOST_S),
  };
}

/** Length of one working window, seconds. */
export function windowS(item: Timed, set: number, side: number): number {
  const added = (item.longer ?? []).filter((more) => more.set === set && more.side <= side);
  return item.work_s_per_side + added.reduce((sum, more) => sum + more.s, 0);
}

/** An item's steps in order; those without length are left out, but work never is. */
export function stepsOf(item: Timed, pace: Pace = PLANNED_PACE): Step[] {
  const steps: Step[] = [{ kind: 'ready', set: 0, side: item.sides > 1 ? 0 : null, s: Math.max(item.transition_s, pace.readyS) }];
  for (let set = 0; set < item.sets; set += 1) {
    for (let side = 0; side < item.sides; side += 1) {
      const which = item.sides > 1 ? side : null;
      if (side > 0) steps.push({ kind: 'switch', set, side: which, s: pace.switchS });
      steps.push({ kind: 'work', set, side: which, s: windowS(item, set, side) });
    }
    if (set < item.sets - 1) steps.push({ kind: 'rest', set, side: null, s: item.rest_s });
  }
  return steps.filter((step) => step.kind === 'work' || step.s > 0);
}

export function secondsOf(item: Timed, pace: Pace = PLANNED_PACE): number {
  return stepsOf(item, pace).reduce((sum, step) => sum + step.s, 0);
}

/** Seconds of work alone. */
export function workSecondsOf(item: Timed): number {
  return stepsOf(item).reduce((sum, step) => sum + (step.kind === 'work' ? step.s : 0), 0);
}

export function totalSeconds(items: readonly Timed[], pace: Pace = PLANNED_PACE): number {
  return items.reduce((sum, item) => sum + secondsOf(item, pace), 0);
}
