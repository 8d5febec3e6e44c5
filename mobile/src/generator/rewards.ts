/** How much a person welcomed an exercise, as a whole number from -2 to 2: docs/on-device-learning.md has the table. */

/** L04: more pain than this, of 10, is no matter of taste. */
const PAIN_LIMIT = 3;

// Doing what a routine says is no praise, so it earns nothing: somebody who never rates and never skips is left alone.
const REWARD: Readonly<Record<string, readonly [down: number, none: number, up: number]>> = {
  completed: [-2, 0, 2], skipped: [-2, -1, 1], swapped: [-2, -1, 1],
};

/** Reward of one slot; null where it says nothing about taste. Throws RangeError naming an outcome it does not know. */
export function reward(outcome: string, rating: number | null, pain: number): number | null {
  if (rating !== null && ![-1, 0, 1].includes(rating)) throw new RangeError(`rating ${rating} is not -1, 0, 1 or null`);
  if (outcome === 'stopped_by_pain') return rating === -1 ? -2 : null;
  const row = Object.hasOwn(REWARD, outcome) ? REWARD[outcome] : undefined;
  if (row === undefined) throw new RangeError(`outcome ${outcome} is not known`);
  if (pain > PAIN_LIMIT) return rating === -1 ? -2 : null;
  return row[(rating ?? 0) + 1]!;
}
