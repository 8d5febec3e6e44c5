/** From a blend of poses to joints in the room: forward kinematics, two-bone reach, and what rests on the floor. */

import { ANGLES, PLACE, SIDES, SIGN, type Blend, type Pose, type Side, type Target } from './clip';
import {
  add, across, angle, carried, cos, cross, dot, forwardOf, frame, length, mix, rightOf, rotX, rotY, rotZ, scale, sin, sub, times, turned, unit, upOf, UNIT,
  type Mat, type Vec,
} from './vec';

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

type Angles = (joint: string, i?: number) => number;

interface Trunk { waist: Mat; waistAt: Vec; chest: Mat; chestAt: Vec; neckAt: Vec; headAt: Vec; head: Mat; pelvis: Mat }

const chain = (m: Mat, flex: number, side: number, twist: number): Mat =>
  times(times(m, rotY(twist)), times(rotX(side), rotZ(-flex)));

/** The trunk about the middle of the hip joints at the origin. */
function trunkOf(a: Angles): Trunk {
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

const swing = (from: Mat, flex: number, out: number, turn: number, sign: number): Mat =>
  times(times(from, rotZ(flex)), times(rotX(-sign * out), rotY(sign * turn)));

function shoulderAt(trunk: Trunk, a: Angles, name: string, sign: number, raised: number): Vec {
  // The shoulder blade turns with the arm: a raised arm brings its shoulder up and inwards.
  const up = raised * 3.6 + a(`girdle${name}`) * 0.09;
  const forward = a(`girdle${name}`, 1) * 0.1;
  return add(trunk.chestAt, turned(trunk.chest, [-0.5 + forward, SIZE.shoulderUp - 33 + up, sign * (SIZE.shoulderWide - raised * 2.5 - Math.abs(forward) * 0.3)]));
}

const raisedOf = (down: number): number => {
  const u = Math.min(1, Math.max(0, (0.5 - down) / 1.4));
  return u * u * (3 - 2 * u);
};

/** The middle joint of two bones that reach from `from` to `to`, and what they are short by. */
function reach(from: Vec, to: Vec, upper: number, lower: number, pole: Vec): { mid: Vec; end: Vec; short: number } {
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

/** The middles of ball and heel from the ankle, in the foot's frame: the foot tips about them. */
const BALL: Vec = [SIZE.ball, -SIZE.ankle + 2.4, 0];
const HEEL: Vec = [-SIZE.heel + 1.5, -SIZE.ankle + 3, 0];

/** Where the ankle is for a sole at `sole`, and the frame of the foot. */
function planted(sole: Vec, heel: number, toes: number, sign: number, turn: number): { ankle: Vec; foot: Mat } {
  const yaw = rotY(turn - sign * toes);
  const foot = times(yaw, rotZ(-heel));
  const pivot = heel >= 0 ? BALL : HEEL;
  const at = add(sole, turned(yaw, [pivot[0], pivot[1] + SIZE.ankle, 0]));
  return { ankle: sub(at, turned(foot, pivot)), foot };
}

interface FreeLeg { hip: Vec; thigh: Mat; shin: Mat; foot: Mat; knee: Vec; ankle: Vec }

function freeLeg(trunk: Trunk, a: Angles, side: Side): FreeLeg {
  const name = 'RL'[side]!, sign = SIGN[side];
  const hip = turned(trunk.pelvis, [0, 0, sign * SIZE.hipWide]);
  const thigh = swing(trunk.pelvis, a(`hip${name}`), a(`hip${name}`, 1), a(`hip${name}`, 2), sign);
  const knee = add(hip, turned(thigh, [0, -SIZE.thigh, 0]));
  const shin = times(thigh, rotZ(-a(`knee${name}`)));
  const ankle = add(knee, turned(shin, [0, -SIZE.shin, 0]));
  const foot = times(shin, rotZ(a(`ankle${name}`)));
  return { hip, thigh, shin, foot, knee, ankle };
}

function footParts(ankle: Vec, foot: Mat, heel: number): { toe: Vec; ball: Vec; heel: Vec; toes: Mat } {
  const ball = add(ankle, turned(foot, BALL));
  // Toes stay on the floor when the heel rises over them.
  const flat = Math.max(0, Math.min(heel, 80)) * 0.98;
  const toes = times(foot, rotZ(flat));
  return { toe: add(ball, turned(toes, [SIZE.toe - SIZE.ball, -0.6, 0])), ball, heel: add(ankle, turned(foot, HEEL)), toes };
}

const turnOf = (a: Angles): number => a('pelvis', 2);

/** How high the hips are in this pose, in the blended attitude. */
function heightOf(pose: Pose, trunk: Trunk, a: Angles, free: readonly [FreeLeg, FreeLeg]): number {
  if (pose.y !== null) return pose.y;
  let tall = Infinity;
  for (const side of SIDES) {
    const foot = pose.feet[side];
    if (!foot || foot.place) continue;
    const name = 'RL'[side]!;
    const { ankle } = planted(foot.at, a(`heel${name}`), a(`toes${name}`), SIGN[side], turnOf(a));
    const hip = free[side].hip;
    const dx = pose.x + hip[0] - ankle[0], dz = pose.z + hip[2] - ankle[2];
    const reachable = (SIZE.thigh + SIZE.shin - 0.35) ** 2 - dx * dx - dz * dz;
    if (reachable > 0) tall = Math.min(tall, ankle[1] - hip[1] + Math.sqrt(reachable));
  }
  // A kneeling leg beside a planted one carries the hips.
  if (tall < Infinity && !pose.kneels) return tall;
  let low = Infinity;
  const touch = (at: Vec, radius: number): void => { low = Math.min(low, at[1] - radius); };
  touch(turned(trunk.pelvis, [0, 2, 0]), 10);
  touch(add(trunk.chestAt, turned(trunk.chest, [0, 4, 0])), 11);
  touch(add(trunk.headAt, turned(trunk.head, [1.5, 9, 0])), 9);
  for (const side of SIDES) {
    touch(add(free[side].hip, turned(free[side].thigh, [0, -4, 0])), 8.5);
    if (!pose.feet[side]) {
      touch(free[side].knee, 5.6);
      const { toe, ball, heel } = footParts(free[side].ankle, free[side].foot, 0);
      touch(toe, 1.8); touch(ball, 2.4); touch(heel, 3);
    }
    if (!pose.hands[side]) {
      const arm = freeArm(trunk, a, side);
      touch(arm.shoulder, 5.5); touch(arm.elbow, 4); touch(arm.wrist, 2.8);
    }
  }
  return -low;
}

function freeArm(trunk: Trunk, a: Angles, side: Side): { shoulder: Vec; upper: Mat; fore: Mat; elbow: Vec; wrist: Vec } {
  const name = 'RL'[side]!, sign = SIGN[side];
  const upper = swing(trunk.chest, a(`shoulder${name}`), a(`shoulder${name}`, 1), a(`shoulder${name}`, 2), sign);
  const down = dot(upOf(upper), upOf(trunk.chest));
  const shoulder = shoulderAt(trunk, a, name, sign, raisedOf(down));
  const elbow = add(shoulder, turned(upper, [0, -SIZE.upperArm, 0]));
  const fore = times(upper, rotZ(a(`elbow${name}`)));
  return { shoulder, upper, fore, elbow, wrist: add(elbow, turned(fore, [0, -SIZE.forearm, 0])) };
}

/** Joints of the room for a blend of poses. */
export function solve(blend: Blend, surfaces: Surfaces = FLOOR_ONLY): Skeleton {
  const angles = new Array<number>(ANGLES).fill(0);
  let x = 0, z = 0;
  for (const { pose, weight } of blend) {
    for (let i = 0; i < ANGLES; i++) angles[i] = angles[i]! + pose.angles[i]! * weight;
    x += pose.x * weight;
    z += pose.z * weight;
  }
  const a: Angles = (joint, i = 0) => angles[PLACE[joint]! + i]!;
  const base = trunkOf(a);
  const free = [freeLeg(base, a, 0), freeLeg(base, a, 1)] as const;
  let y = 0;
  for (const { pose, weight } of blend) y += heightOf(pose, base, a, free) * weight;
  const root: Vec = [x, y, z];
  const misses: Miss[] = [];
  const legs = SIDES.map((side) => legOf(blend, a, free[side], root, side, misses)) as unknown as [Leg, Leg];
  const move = (v: Vec): Vec => add(root, v);
  const trunk: Trunk = {
    ...base, waistAt: move(base.waistAt), chestAt: move(base.chestAt), neckAt: move(base.neckAt), headAt: move(base.headAt),
  };
  const arms = armsOf(blend, a, trunk, root, legs, surfaces, misses);
  const lift = a('lift');
  const made: Skeleton = { root, ...trunk, legs, arms, lift, misses };
  return lift === 0 ? made : lifted(made, [0, lift, 0]);
}

function lifted(s: Skeleton, by: Vec): Skeleton {
  const up = <T extends object>(part: T): T => Object.fromEntries(
    Object.entries(part).map(([name, v]) => [name, Array.isArray(v) && v.length === 3 ? add(v as unknown as Vec, by) : v]),
  ) as T;
  return { ...up(s), legs: [up(s.legs[0]), up(s.legs[1])], arms: [up(s.arms[0]), up(s.arms[1])] };
}

function legOf(blend: Blend, a: Angles, free: FreeLeg, root: Vec, side: Side, misses: Miss[]): Leg {
  const name = 'RL'[side]!, sign = SIGN[side];
  const hip = add(root, free.hip);
  const heelUp = a(`heel${name}`);
  const lifts = [a(`bigtoe${name}`), a(`smalltoes${name}`)] as const;
  const held = blend.filter(({ pose }) => pose.feet[side]);
  if (held.length === 0) {
    const parts = footParts(add(root, free.ankle), free.foot, 0);
    return { hip, knee: add(root, free.knee), ankle: add(root, free.ankle), thigh: free.thigh, shin: free.shin, foot: free.foot, ...parts, lifts };
  }
  let ankle: Vec = [0, 0, 0];
  let free01 = 0;
  let ground: Mat = UNIT;
  for (const { pose, weight } of blend) {
    const spot = pose.feet[side];
    if (spot) {
      const where = planted(spot.at, heelUp, a(`toes${name}`), sign, turnOf(a));
      ankle = add(ankle, scale(where.ankle, weight));
      ground = where.foot;
    } else {
      ankle = add(ankle, scale(add(root, free.ankle), weight));
      free01 += weight;
    }
  }
  // Knees point where the toes do, and the front of the thigh as the angles have it: up, in someone who lies.
  const toesOut = rotY(turnOf(a) - sign * a(`toes${name}`) + sign * a(`hip${name}`, 2));
  const front = forwardOf(free.thigh);
  const level = forwardOf(toesOut);
  const pole = mix(add(scale(level, 1.2), front), scale(forwardOf(free.thigh), 2), Math.max(0, Math.min(1, free01)));
  const { mid, end, short } = reach(hip, ankle, SIZE.thigh, SIZE.shin, pole);
  if (held.length === blend.length) misses.push({ part: `foot${name}`, by: short });
  // The front of a bent leg is where the knee points, however high the thigh is; of a straight one, the pole's side.
  const along = unit(sub(end, hip)), out = sub(mid, hip);
  const knee = add(sub(out, scale(along, dot(out, along))), scale(unit(pole), 2));
  const thigh = frame(unit(sub(hip, mid)), knee, forwardOf(free.thigh));
  const shin = frame(unit(sub(mid, end)), knee, forwardOf(thigh));
  const between = (from: Mat, to: Mat, u: number): Mat => (u <= 0 ? from
    : frame(unit(mix(upOf(from), upOf(to), u), [0, 1, 0]), mix(forwardOf(from), forwardOf(to), u)));
  // A loose foot stays where it is, but tips with its shin: over the heel, or on to its edge.
  const loose = a(`loose${name}`);
  const foot = between(between(ground, times(shin, rotZ(a(`ankle${name}`))), loose), free.foot, free01);
  return { hip, knee: mid, ankle: end, thigh, shin, foot, ...footParts(end, foot, heelUp * (1 - free01) * (1 - loose)), lifts };
}

interface Spot { readonly at: Vec; /** Out of the body: the palm lies against it. */ readonly out?: Vec }
type Places = (place: string, side: Side) => Spot | null;

/** Places on the body's surface that a hand can go to. */
function placesOf(trunk: Trunk, root: Vec, legs: readonly [Leg, Leg], arms: (Arm | null)[]): Places {
  const on = (at: Vec, m: Mat, v: Vec, out: Vec = [v[0], 0, v[2]]): Spot => ({ at: add(at, turned(m, v)), out: unit(turned(m, out)) });
  return (place, own) => {
    const crossing = place.endsWith('X');
    const name = crossing ? place.slice(0, -1) : place;
    const side = (crossing ? 1 - own : own) as Side;
    const leg = legs[side], s = SIGN[side];
    switch (name) {
      case 'hip': return on(root, trunk.pelvis, [1, 11, s * 15.5]);
      case 'seat': return on(root, trunk.pelvis, [-10, 0, s * 8]);
      case 'belly': return on(trunk.waistAt, trunk.waist, [10, 7, s * 3]);
      case 'back': return on(trunk.waistAt, trunk.waist, [-10, 5, s * 6]);
      case 'chest': return on(trunk.chestAt, trunk.chest, [11, 8, s * 6]);
      case 'ribs': return on(trunk.chestAt, trunk.chest, [4, -2, s * 14]);
      case 'shoulder': return on(trunk.chestAt, trunk.chest, [4, 19, s * 16]);
      case 'nape': return on(trunk.headAt, trunk.head, [-8.5, 6, s * 4]);
      case 'temple': return on(trunk.headAt, trunk.head, [1, 10, s * 8.5]);
      case 'crown': return on(trunk.headAt, trunk.head, [0, 20, s * 3], [0, 1, 0]);
      case 'forehead': return on(trunk.headAt, trunk.head, [10, 13, s * 3]);
      case 'chin': return on(trunk.headAt, trunk.head, [10, 1, s * 2], [1, -0.6, 0]);
      case 'thigh': return on(mix(leg.hip, leg.knee, 0.68), leg.thigh, [7.5, 0, 0]);
      case 'hamstring': return on(mix(leg.hip, leg.knee, 0.7), leg.thigh, [-7.5, 0, 0]);
      case 'knee': return on(leg.knee, leg.shin, [6.5, 1, 0]);
      case 'shin': return on(mix(leg.knee, leg.ankle, 0.4), leg.shin, [5.5, 0, 0]);
      case 'ankle': return on(leg.ankle, leg.shin, [4, 3, 0]);
      case 'foot': return on(leg.ankle, leg.foot, [7, -2, 0], [0, 1, 0]);
      case 'heel': return { at: leg.heel };
      case 'toes': return { at: leg.toe };
      default: break;
    }
    const arm = arms[side];
    if (!arm) return null;
    switch (name) {
      case 'hand': return { at: arm.palm };
      case 'wrist': return { at: arm.wrist };
      case 'elbow': return { at: arm.elbow };
      case 'upperarm': return { at: mix(arm.shoulder, arm.elbow, 0.6) };
      default: return null;
    }
  };
}

const ARM_PLACE = /^(hand|wrist|elbow|upperarm)/;
export const PLACES = new Set(['hip', 'seat', 'belly', 'back', 'chest', 'ribs', 'shoulder', 'nape', 'temple', 'crown', 'forehead', 'chin',
  'thigh', 'hamstring', 'knee', 'shin', 'ankle', 'foot', 'heel', 'toes', 'hand', 'wrist', 'elbow', 'upperarm']);

function armsOf(blend: Blend, a: Angles, trunk: Trunk, root: Vec, legs: readonly [Leg, Leg], surfaces: Surfaces, misses: Miss[]): [Arm, Arm] {
  const arms: (Arm | null)[] = [null, null];
  const leans = (side: Side): boolean => blend.some(({ pose }) => ARM_PLACE.test(pose.hands[side]?.place ?? ''));
  const order: readonly Side[] = leans(0) ? [1, 0] : [0, 1];
  for (const side of order) {
    arms[side] = armOf(blend, a, trunk, placesOf(trunk, root, legs, arms), side, surfaces, misses);
  }
  return [arms[0]!, arms[1]!];
}

type Way = 'free' | 'floor' | 'wall' | 'grip';

function wayOf(spot: Target, at: Vec, surfaces: Surfaces): Way {
  if (spot.place) return 'grip';
  if (at[1] < 2.5) return 'floor';
  if (surfaces.walls.some((x) => Math.abs(at[0] - x) < 5)) return 'wall';
  if (surfaces.tops.some((top) => Math.abs(at[1] - top.y) < 3 && Math.abs(at[0] - top.x) < top.reach)) return 'floor';
  return 'grip';
}

function armOf(blend: Blend, a: Angles, trunk: Trunk, places: Places, side: Side, surfaces: Surfaces, misses: Miss[]): Arm {
  const name = 'RL'[side]!, sign = SIGN[side];
  const free = freeArm(trunk, a, side);
  const roll = rotY(-sign * a(`forearm${name}`));
  const freeHand = times(times(free.fore, roll), rotX(sign * a(`wrist${name}`)));
  const curl = a(`fingers${name}`);
  if (blend.every(({ pose }) => !pose.hands[side])) return finished(free.shoulder, free.elbow, free.wrist, free.upper, free.fore, freeHand, curl);
  // Each pose's wrist and the way its fingers point, then their blend.
  let wrist: Vec = [0, 0, 0], fingers: Vec = [0, 0, 0], free01 = 0, held = true;
  // Which way the back of the hand looks: away from what the palm lies on.
  let back: Vec = [0, 0, 0], gripping = 0;
  for (const { pose, weight } of blend) {
    const spot = pose.hands[side];
    if (!spot) {
      held = false;
      free01 += weight;
      wrist = add(wrist, scale(free.wrist, weight));
      fingers = add(fingers, scale(upOf(freeHand), -weight));
      back = add(back, scale(rightOf(freeHand), sign * weight));
      continue;
    }
    const from = spot.place ? places(spot.place, side) ?? { at: free.wrist } : null;
    const at = from ? add(from.at, spot.at) : spot.at;
    const way = wayOf(spot, at, surfaces);
    let dir: Vec, wristAt: Vec, out = from?.out;
    if (way === 'floor') {
      const up = upOf(trunk.chest), away = sub(at, free.shoulder);
      dir = unit([up[0] * 30 + away[0] * 0.4, 0, up[2] * 30 + away[2] * 0.4]);
      wristAt = add(at, [-dir[0] * 6, 3.2, -dir[2] * 6]);
      out = [0, 1, 0];
    } else if (way === 'wall') {
      const here = at[0] > free.shoulder[0] ? -1 : 1;
      // The lower the hand, the more it leans on its fingers: a wrist does not bend far past a right angle.
      const lean = Math.min(34, Math.max(0, (free.shoulder[1] - at[1] - 4) * 1.6));
      dir = [-here * sin(lean), cos(lean), 0];
      wristAt = add(at, [here * (2.5 + 6 * sin(lean)), -6 * cos(lean), 0]);
      out = [here, 0, 0];
    } else {
      // The palm lies in line with the forearm.
      const best = reach(free.shoulder, at, SIZE.upperArm, SIZE.forearm + SIZE.palm, poleOf(free, a(`elbow${name}`), at));
      dir = unit(sub(best.end, best.mid));
      wristAt = sub(at, scale(dir, SIZE.palm));
    }
    wrist = add(wrist, scale(wristAt, weight));
    fingers = add(fingers, scale(dir, weight));
    if (out) back = add(back, scale(out, weight));
    else gripping += weight;
  }
  const shoulder = mix(shoulderAt(trunk, a, name, sign, raisedOf(-dot(unit(sub(wrist, free.shoulder)), upOf(trunk.chest)))), free.shoulder, Math.max(0, Math.min(1, free01)));
  const onHips = blend.reduce((sum, { pose, weight }) => sum + (pose.hands[side]?.place === 'hip' ? weight : 0), 0);
  // A hand on the hip has its elbow out to the side.
  const pole = mix(poleOf(free, a(`elbow${name}`), wrist), scale(rightOf(trunk.chest), sign), 0.55 * Math.max(0, Math.min(1, onHips)));
  const { mid, end, short } = reach(shoulder, wrist, SIZE.upperArm, SIZE.forearm, pole);
  if (held) misses.push({ part: `hand${name}`, by: short });
  const bend = sub(end, mid);
  const upper = frame(unit(sub(shoulder, mid)), sub(bend, scale(unit(sub(mid, shoulder)), dot(bend, unit(sub(mid, shoulder))) - 0.01)), forwardOf(free.upper));
  const fore = frame(unit(sub(mid, end)), forwardOf(upper), forwardOf(free.fore));
  const up = scale(unit(fingers, scale(upOf(fore), -1)), -1);
  const grip = times(frame(up, forwardOf(fore)), roll);
  const right = across(scale(add(back, scale(rightOf(grip), sign * gripping)), sign), up, rightOf(grip));
  return finished(shoulder, mid, end, upper, fore, frame(up, cross(up, right)), curl);
}

/** Where the elbow of a reaching arm points: as the free arm's does, carried over to the new direction. */
function poleOf(free: { upper: Mat; shoulder: Vec; elbow: Vec; wrist: Vec }, bent: number, to: Vec): Vec {
  const line = unit(sub(free.wrist, free.shoulder));
  let out = scale(forwardOf(free.upper), -1);
  if (bent > 15) out = across(sub(free.elbow, free.shoulder), line, out);
  return carried(out, line, unit(sub(to, free.shoulder), line));
}

function finished(shoulder: Vec, elbow: Vec, wrist: Vec, upper: Mat, fore: Mat, hand: Mat, curl: number): Arm {
  return {
    shoulder, elbow, wrist, upper, fore, hand, curl,
    palm: add(wrist, turned(hand, [0, -SIZE.palm, 0])), tip: add(wrist, turned(hand, [0, -SIZE.hand, 0])),
  };
}

/** A joint's bend in degrees, as it came out. */
export function bendOf(a: Vec, joint: Vec, b: Vec): number {
  return 180 - angle(sub(a, joint), sub(b, joint));
}
