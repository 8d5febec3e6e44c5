/** Shapes in the room, seen by a camera without perspective, as SVG paths in centimetres. */

import { add, cos, dot, scale, sin, type Mat, type Vec, forwardOf, rightOf, upOf } from './vec';

export interface Camera { readonly right: Vec; readonly up: Vec; readonly toward: Vec }

/** Azimuth 0 sees the right side, 90 the front; elevation looks down. Degrees. */
export function cameraOf(azimuth: number, elevation: number): Camera {
  const ca = cos(azimuth), sa = sin(azimuth), ce = cos(elevation), se = sin(elevation);
  return { right: [ca, 0, -sa], up: [-sa * se, ce, -ca * se], toward: [sa * ce, se, ca * ce] };
}

export const VIEWS: Readonly<Record<string, readonly [number, number]>> = {
  side: [14, 7], quarter: [45, 10], front: [84, 7], rear: [-42, 10], back: [-84, 7],
};

export interface Flat { readonly x: number; readonly y: number }

export const flat = (camera: Camera, at: Vec): Flat => ({ x: dot(camera.right, at), y: -dot(camera.up, at) });
export const depth = (camera: Camera, at: Vec): number => dot(camera.toward, at);

const n = (value: number): string => (Math.round(value * 10) / 10).toString();

/** Along two circles and the lines that touch both. */
export function capsule(a: Flat, ra: number, b: Flat, rb: number): string {
  const dx = b.x - a.x, dy = b.y - a.y;
  const far = Math.hypot(dx, dy);
  if (far <= Math.abs(ra - rb) + 0.05) {
    const [c, r] = ra >= rb ? [a, ra] : [b, rb];
    return `M${n(c.x - r)} ${n(c.y)}a${n(r)} ${n(r)} 0 1 1 ${n(2 * r)} 0a${n(r)} ${n(r)} 0 1 1 ${n(-2 * r)} 0z`;
  }
  const along = Math.atan2(dy, dx);
  const open = Math.acos((ra - rb) / far);
  const point = (c: Flat, r: number, t: number): string => `${n(c.x + r * Math.cos(t))} ${n(c.y + r * Math.sin(t))}`;
  const wide = ra > rb ? 1 : 0;
  return `M${point(a, ra, along + open)}A${n(ra)} ${n(ra)} 0 ${wide} 1 ${point(a, ra, along - open)}`
    + `L${point(b, rb, along - open)}A${n(rb)} ${n(rb)} 0 ${1 - wide} 1 ${point(b, rb, along + open)}z`;
}

export interface Ball { readonly at: Vec; readonly r: number }

/** A limb: capsules from ball to ball, all wound one way, so that they fill as one. */
export function limb(camera: Camera, balls: readonly Ball[]): string {
  let d = '';
  for (let i = 0; i + 1 < balls.length; i++) {
    const a = balls[i]!, b = balls[i + 1]!;
    d += capsule(flat(camera, a.at), a.r, flat(camera, b.at), b.r);
  }
  return d;
}

export interface Egg { readonly at: Vec; readonly axes: readonly [Vec, Vec, Vec] }

/** An ellipsoid at `from` + `at` of the frame, with half-axes forward, up and right. */
export function egg(m: Mat, from: Vec, at: Vec, half: Vec): Egg {
  const place = add(from, add(add(scale(forwardOf(m), at[0]), scale(upOf(m), at[1])), scale(rightOf(m), at[2])));
  return { at: place, axes: [scale(forwardOf(m), half[0]), scale(upOf(m), half[1]), scale(rightOf(m), half[2])] };
}

const STEPS = 26;

/** The outline of what lies between neighbouring ellipsoids, neighbour by neighbour. */
export function hull(camera: Camera, eggs: readonly Egg[]): string {
  const seen = eggs.map(({ at, axes }) => {
    let xx = 0, xy = 0, yy = 0;
    for (const axis of axes) {
      const p = flat(camera, axis);
      xx += p.x * p.x; xy += p.x * p.y; yy += p.y * p.y;
    }
    return { c: flat(camera, at), xx, xy, yy };
  });
  const pairs = seen.length === 1 ? [[seen[0]!, seen[0]!] as const] : seen.slice(1).map((next, i) => [seen[i]!, next] as const);
  let d = '';
  for (const pair of pairs) {
    const points: Flat[] = [];
    for (let k = 0; k < STEPS; k++) {
      const nx = Math.cos((k / STEPS) * 2 * Math.PI), ny = Math.sin((k / STEPS) * 2 * Math.PI);
      let best = -Infinity, point: Flat = pair[0].c;
      for (const { c, xx, xy, yy } of pair) {
        const mx = xx * nx + xy * ny, my = xy * nx + yy * ny;
        const size = Math.sqrt(Math.max(1e-9, mx * nx + my * ny));
        const support = c.x * nx + c.y * ny + size;
        if (support > best) { best = support; point = { x: c.x + mx / size, y: c.y + my / size }; }
      }
      points.push(point);
    }
    d += rounded(points);
  }
  return d;
}

/** A closed smooth curve past the points. */
function rounded(points: readonly Flat[]): string {
  const count = points.length;
  const mid = (i: number): string => {
    const a = points[i % count]!, b = points[(i + 1) % count]!;
    return `${n((a.x + b.x) / 2)} ${n((a.y + b.y) / 2)}`;
  };
  let d = `M${mid(0)}`;
  for (let i = 1; i <= count; i++) d += `Q${n(points[i % count]!.x)} ${n(points[i % count]!.y)} ${mid(i)}`;
  return `${d}z`;
}

export function polygon(camera: Camera, corners: readonly Vec[]): string {
  return `M${corners.map((corner) => { const p = flat(camera, corner); return `${n(p.x)} ${n(p.y)}`; }).join('L')}z`;
}

export function line(camera: Camera, points: readonly Vec[]): string {
  return `M${points.map((point) => { const p = flat(camera, point); return `${n(p.x)} ${n(p.y)}`; }).join('L')}`;
}

/** A circle in the room with its middle and two half-axes. */
export function ring(camera: Camera, at: Vec, a: Vec, b: Vec): string {
  const points: Flat[] = [];
  for (let k = 0; k < STEPS; k++) {
    const t = (k / STEPS) * 2 * Math.PI;
    points.push(flat(camera, add(at, add(scale(a, Math.cos(t)), scale(b, Math.sin(t))))));
  }
  return rounded(points);
}
