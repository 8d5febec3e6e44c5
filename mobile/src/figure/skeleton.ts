/** From a blend of poses to joints in the room: forward kinematics, two-bone reach, and what rests on the floor. */

import { armsOf, freeArm } from './arms';
import { FLOOR_ONLY, SIZE, trunkOf, type Angles, type Leg, type Miss, type Skeleton, type Surfaces, type Trunk } from './bones';
import { ANGLES, PLACE, SIDES, SIGN, type Blend, type Pose } from './clip';
import { footParts, freeLeg, legOf, planted, turnOf, type FreeLeg } from './legs';
import { add, angle, sub, turned, type Vec } from './vec';

export { PLACES } from './arms';
export { SIZE, type Arm, type Leg, type Skeleton, type Surfaces } from './bones';

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

/** A joint's bend in degrees, as it came out. */
export function bendOf(a: Vec, joint: Vec, b: Vec): number {
  return 180 - angle(sub(a, joint), sub(b, joint));
}
