/** What the learner's points mean in words. */

export interface Liking {
  readonly name: string;
  readonly sign: 1 | -1;
  /** `a`: a little, `b`: clearly, `c`: a lot. */
  readonly how: 'a' | 'b' | 'c';
}

/** Points below which it is noise; 100 are what one whole reward is worth (docs/on-device-learning.md). */
const LEAST = 5;
const CLEARLY = 15;
const MUCH = 40;

/** Strongest first. `everything` says how much somebody does at all, which is no taste to show. */
export function liking(tastes: readonly { readonly name: string; readonly points: number }[], most = 10): Liking[] {
  return tastes
    .filter(({ name, points }) => name !== 'everything' && Math.abs(points) >= LEAST)
    .sort((a, b) => Math.abs(b.points) - Math.abs(a.points))
    .slice(0, most)
    .map(({ name, points }) => ({
      name, sign: points > 0 ? 1 : -1, how: Math.abs(points) >= MUCH ? 'c' : Math.abs(points) >= CLEARLY ? 'b' : 'a',
    }));
}
