/** Sizes and joints of the figure, its trunk and its shoulders, and how two bones reach for a point. */

import { add, across, length, rotX, rotY, rotZ, scale, sub, times, turned, unit, type Mat, type Vec } from './vec';

/** Centimetres, of a person 172 cm tall. */
export const SIZE = {
  thigh: 43, shin: 42, ankle: 8, hipWide: 9, shoulderWide: 17, shoulderUp: 50, neckUp: 54, neck: 8,
  upperArm: 29, forearm: 25, palm: 8, hand: 16, ball: 12, toe: 18.5, heel: 5,
} as const;

export interface Leg {
  readonly hip: Vec; readonly knee: Vec; readonly ankle: Vec; readonly thigh: Mat; readonly shin: Mat; readonly foot: Mat;
  readonly toe: Vec; readonly ball: Vec; readonly heel: Vec;
  /** The frame of the toes, and how far big toe and small toes are lifted in it, degrees. */
  readonly toes: Mat; readonly lifts: readonly [number, number];
}
export interface Arm {
  readonly shoulder: Vec; readonly elbow: Vec; readonly wrist: Vec; readonly palm: Vec; readonly tip: Vec;
  readonly upper: Mat; readonly fore: Mat;
  /** The thumb is forward in it, and the palm on the inner side. */
  readonly hand: Mat;
  /** How far the fingers are closed, degrees. */
  readonly curl: number;
}
export interface Miss { readonly part: string; readonly by: number }

export interface Skeleton {
  readonly root: Vec;
  readonly pelvis: Mat;
  readonly waist: Mat;
  readonly chest: Mat;
  readonly head: Mat;
  /** Where waist, chest and head frames begin, and the base of the neck. */
  readonly waistAt: Vec;
  readonly chestAt: Vec;
  readonly neckAt: Vec;
  readonly headAt: Vec;
  readonly legs: readonly [Leg, Leg];
  readonly arms: readonly [Arm, Arm];
  readonly lift: number;
  readonly misses: readonly Miss[];
}

/** What a hand may lie flat on: the height of a top, or the x of a wall. */
export interface Surfaces { readonly tops: readonly { readonly y: number; readonly x: number; readonly reach: number }[]; readonly walls: readonly number[] }
export const FLOOR_ONLY: Surfaces = { tops: [], walls: [] };

export type Angles = (joint: string, i?: number) => number;

export interface Trunk { waist: Mat; waistAt: Vec; chest: Mat; chestAt: Vec; neckAt: Vec; headAt: Vec; head: Mat; pelvis: Mat }

const chain = (m: Mat, flex: number, side: number, twist: number): Mat =>
  times(times(m, rotY(twist)), times(rotX(side), rotZ(-flex)));

/** The trunk about the middle of the hip joints at the origin. */
export function trunkOf(a: Angles): Trunk {
  const pelvis = times(rotY(a('pelvis', 2)), times(rotX(a('pelvis', 1)), rotZ(-a('pelvis'))));
  const bend = (m: Mat, part: number, twist: number): Mat =>
    chain(m, a('spine') * part, a('spine', 1) * part, a('spine', 2) * twist);
  const waistAt = turned(pelvis, [-1, 8, 0]);
  const waist = bend(pelvis, 0.4, 0.15);
  const midAt = add(waistAt, turned(waist, [0, 13, 0]));
  const mid = bend(waist, 0.3, 0.35);
  const chestAt = add(midAt, turned(mid, [0.5, 9, 0]));
  const chest = bend(mid, 0.3, 0.5);
  const neckAt = add(chestAt, turned(chest, [0, SIZE.neckUp - 30, 0]));
  const low = chain(chest, a('neck') * 0.5 + 8, a('neck', 1) * 0.5, a('neck', 2) * 0.4);
  const headAt = add(neckAt, turned(low, [0, SIZE.neck, 0]));
  const head = chain(low, a('neck') * 0.5 - 8, a('neck', 1) * 0.5, a('neck', 2) * 0.6);
  return { pelvis, waist, waistAt, chest, chestAt, neckAt, headAt, head };
}

export const swing = (from: Mat, flex: number, out: number, turn: number, sign: number): Mat =>
  times(times(from, rotZ(flex)), times(rotX(-sign * out), rotY(sign * turn)));

export function shoulderAt(trunk: Trunk, a: Angles, name: string, sign: number, raised: number): Vec {
  // The shoulder blade turns with the arm: a raised arm brings its shoulder up and inwards.
  const up = raised * 3.6 + a(`girdle${name}`) * 0.09;
  const forward = a(`girdle${name}`, 1) * 0.1;
  return add(trunk.chestAt, turned(trunk.chest, [-0.5 + forward, SIZE.shoulderUp - 33 + up, sign * (SIZE.shoulderWide - raised * 2.5 - Math.abs(forward) * 0.3)]));
}

export const raisedOf = (down: number): number => {
  const u = Math.min(1, Math.max(0, (0.5 - down) / 1.4));
  return u * u * (3 - 2 * u);
};

/** The middle joint of two bones that reach from `from` to `to`, and what they are short by. */
export function reach(from: Vec, to: Vec, upper: number, lower: number, pole: Vec): { mid: Vec; end: Vec; short: number } {
  const line = sub(to, from);
  const far = length(line);
  const most = (upper + lower) * 0.9995;
  const least = Math.abs(upper - lower) + 4;
  const size = Math.min(most, Math.max(least, far));
  const along = unit(line, [0, -1, 0]);
  const u = (upper * upper - lower * lower + size * size) / (2 * size);
  const h = Math.sqrt(Math.max(0, upper * upper - u * u));
  const side = across(pole, along, [0, 0, 1]);
  return { mid: add(from, add(scale(along, u), scale(side, h))), end: add(from, scale(along, size)), short: Math.abs(far - size) };
}
