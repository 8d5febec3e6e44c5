/** Arms of a blend of poses: as their angles have them, or with a hand on the floor, a wall, a thing, or the body. */

import { raisedOf, reach, shoulderAt, SIZE, swing, type Angles, type Arm, type Leg, type Miss, type Surfaces, type Trunk } from './bones';
import { SIGN, type Blend, type Side, type Target } from './clip';
import {
  add, across, carried, cos, cross, dot, forwardOf, frame, mix, rightOf, rotX, rotY, rotZ, scale, sin, sub, times, turned, unit, upOf, type Mat, type Vec,
} from './vec';

export function freeArm(trunk: Trunk, a: Angles, side: Side): { shoulder: Vec; upper: Mat; fore: Mat; elbow: Vec; wrist: Vec } {
  const name = 'RL'[side]!, sign = SIGN[side];
  const upper = swing(trunk.chest, a(`shoulder${name}`), a(`shoulder${name}`, 1), a(`shoulder${name}`, 2), sign);
  const down = dot(upOf(upper), upOf(trunk.chest));
  const shoulder = shoulderAt(trunk, a, name, sign, raisedOf(down));
  const elbow = add(shoulder, turned(upper, [0, -SIZE.upperArm, 0]));
  const fore = times(upper, rotZ(a(`elbow${name}`)));
  return { shoulder, upper, fore, elbow, wrist: add(elbow, turned(fore, [0, -SIZE.forearm, 0])) };
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

export function armsOf(blend: Blend, a: Angles, trunk: Trunk, root: Vec, legs: readonly [Leg, Leg], surfaces: Surfaces, misses: Miss[]): [Arm, Arm] {
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
