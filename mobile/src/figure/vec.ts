/** Vectors and rotations of the figure: x forward, y up, z to the right; degrees. */

export type Vec = readonly [number, number, number];
/** Row by row. Its columns are the frame's forward, up and right. */
export type Mat = readonly [number, number, number, number, number, number, number, number, number];

const RADIANS = Math.PI / 180;

export const UNIT: Mat = [1, 0, 0, 0, 1, 0, 0, 0, 1];

export const add = (a: Vec, b: Vec): Vec => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const sub = (a: Vec, b: Vec): Vec => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Vec, by: number): Vec => [a[0] * by, a[1] * by, a[2] * by];
export const dot = (a: Vec, b: Vec): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const length = (a: Vec): number => Math.sqrt(dot(a, a));
export const mix = (a: Vec, b: Vec, u: number): Vec => [
  a[0] + (b[0] - a[0]) * u, a[1] + (b[1] - a[1]) * u, a[2] + (b[2] - a[2]) * u,
];
export const cross = (a: Vec, b: Vec): Vec => [
  a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0],
];

/** Of length 1; `other` where the vector has no direction. */
export function unit(a: Vec, other: Vec = [1, 0, 0]): Vec {
  const size = length(a);
  return size < 1e-6 ? other : scale(a, 1 / size);
}

/** What of `a` is at right angles to `axis` (of length 1), of length 1; `other` where nothing is. */
export function across(a: Vec, axis: Vec, other: Vec): Vec {
  const left = sub(a, scale(axis, dot(a, axis)));
  if (length(left) > 1e-4) return unit(left);
  return unit(sub(other, scale(axis, dot(other, axis))), [0, 0, 1]);
}

export function rotX(degrees: number): Mat {
  const c = Math.cos(degrees * RADIANS), s = Math.sin(degrees * RADIANS);
  return [1, 0, 0, 0, c, -s, 0, s, c];
}

export function rotY(degrees: number): Mat {
  const c = Math.cos(degrees * RADIANS), s = Math.sin(degrees * RADIANS);
  return [c, 0, s, 0, 1, 0, -s, 0, c];
}

export function rotZ(degrees: number): Mat {
  const c = Math.cos(degrees * RADIANS), s = Math.sin(degrees * RADIANS);
  return [c, -s, 0, s, c, 0, 0, 0, 1];
}

export function times(a: Mat, b: Mat): Mat {
  return [
    a[0] * b[0] + a[1] * b[3] + a[2] * b[6], a[0] * b[1] + a[1] * b[4] + a[2] * b[7], a[0] * b[2] + a[1] * b[5] + a[2] * b[8],
    a[3] * b[0] + a[4] * b[3] + a[5] * b[6], a[3] * b[1] + a[4] * b[4] + a[5] * b[7], a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
    a[6] * b[0] + a[7] * b[3] + a[8] * b[6], a[6] * b[1] + a[7] * b[4] + a[8] * b[7], a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
  ];
}

export const turned = (m: Mat, v: Vec): Vec => [
  m[0] * v[0] + m[1] * v[1] + m[2] * v[2], m[3] * v[0] + m[4] * v[1] + m[5] * v[2], m[6] * v[0] + m[7] * v[1] + m[8] * v[2],
];

export const forwardOf = (m: Mat): Vec => [m[0], m[3], m[6]];
export const upOf = (m: Mat): Vec => [m[1], m[4], m[7]];
export const rightOf = (m: Mat): Vec => [m[2], m[5], m[8]];

/** The frame whose up is `up` (of length 1) and whose forward is as near to `forward` as that allows. */
export function frame(up: Vec, forward: Vec, other: Vec = [0, 0, 1]): Mat {
  const f = across(forward, up, other);
  const r = cross(f, up);
  return [f[0], up[0], r[0], f[1], up[1], r[1], f[2], up[2], r[2]];
}

export const angle = (a: Vec, b: Vec): number =>
  Math.acos(Math.max(-1, Math.min(1, dot(unit(a), unit(b))))) / RADIANS;

export const sin = (degrees: number): number => Math.sin(degrees * RADIANS);
export const cos = (degrees: number): number => Math.cos(degrees * RADIANS);

/** `w` turned by the least rotation that brings direction `from` to direction `to`. */
export function carried(w: Vec, from: Vec, to: Vec): Vec {
  const c = 1 + dot(from, to);
  if (c < 1e-3) return w;
  const both = add(from, to);
  return add(sub(w, scale(both, dot(both, w) / c)), scale(to, 2 * dot(from, w)));
}
