/** Smooth closed curves through points, and which shape of the body map a touch means. */

import { MUSCLES, REGIONS, type BodyShape, type Grouping, type Point, type View } from './bodyShapes';

const STEPS = 6;

interface Curve {
  readonly from: Point;
  readonly c1: Point;
  readonly c2: Point;
  readonly to: Point;
}

/** Catmull-Rom through the points as cubic Bézier pieces; an open line keeps its first and last point. */
function curves(points: readonly Point[], closed: boolean): Curve[] {
  const n = points.length;
  const at = (i: number) => (closed ? points[(i + n) % n]! : points[Math.min(Math.max(i, 0), n - 1)]!);
  return Array.from({ length: closed ? n : n - 1 }, (_, i) => {
    const [p0, p1, p2, p3] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    return {
      from: p1,
      c1: { x: p1.x + (p2.x - p0.x) / 6, y: p1.y + (p2.y - p0.y) / 6 },
      c2: { x: p2.x - (p3.x - p1.x) / 6, y: p2.y - (p3.y - p1.y) / 6 },
      to: p2,
    };
  });
}

const short = (value: number) => String(Math.round(value * 10) / 10);

/** The `d` of an SVG path. */
export function path(points: readonly Point[], closed = true): string {
  const pieces = curves(points, closed);
  const start = pieces[0]!.from;
  const drawn = pieces.map(({ c1, c2, to }) => `C${[c1, c2, to].map((p) => `${short(p.x)} ${short(p.y)}`).join(' ')}`);
  return `M${short(start.x)} ${short(start.y)}${drawn.join('')}${closed ? 'Z' : ''}`;
}

/** Points along the curve, close enough to judge a touch by. */
function flat(points: readonly Point[]): Point[] {
  return curves(points, true).flatMap(({ from, c1, c2, to }) =>
    Array.from({ length: STEPS }, (_, i) => {
      const t = i / STEPS, s = 1 - t;
      const [a, b, c, d] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
      return {
        x: a * from.x + b * c1.x + c * c2.x + d * to.x,
        y: a * from.y + b * c1.y + c * c2.y + d * to.y,
      };
    }),
  );
}

function inside(outline: readonly Point[], { x, y }: Point): boolean {
  let within = false;
  outline.forEach((a, i) => {
    const b = outline[(i + 1) % outline.length]!;
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) within = !within;
  });
  return within;
}

function distance(outline: readonly Point[], { x, y }: Point): number {
  return Math.min(...outline.map((p) => Math.hypot(p.x - x, p.y - y)));
}

export function shapesOf(by: Grouping, view: View): readonly BodyShape[] {
  return (by === 'muscles' ? MUSCLES : REGIONS)[view];
}

/**
 * The code of the shape at a place of the drawing, or of the nearest one within `reach` (drawing units); else undefined.
 *
 * A finger is wider than many a muscle, so near is good enough. A shape drawn over another wins.
 */
export function touched(by: Grouping, view: View, place: Point, reach: number): string | undefined {
  let best: string | undefined;
  let least = reach;
  for (const { code, outlines } of shapesOf(by, view)) {
    for (const outline of outlines.map(flat)) {
      const away = inside(outline, place) ? 0 : distance(outline, place);
      if (away <= least) [best, least] = [code, away];
    }
  }
  return best;
}
