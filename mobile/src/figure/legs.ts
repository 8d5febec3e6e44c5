/** Legs of a blend of poses: as their angles have them, or with a foot on its spot. */

import { reach, SIZE, swing, type Angles, type Leg, type Miss, type Trunk } from './bones';
import { SIGN, type Blend, type Side } from './clip';
import { add, dot, forwardOf, frame, mix, rotY, rotZ, scale, sub, times, turned, unit, upOf, UNIT, type Mat, type Vec } from './vec';

/** The middles of ball and heel from the ankle, in the foot's frame: the foot tips about them. */
const BALL: Vec = [SIZE.ball, -SIZE.ankle + 2.4, 0];
const HEEL: Vec = [-SIZE.heel + 1.5, -SIZE.ankle + 3, 0];

/** Where the ankle is for a sole at `sole`, and the frame of the foot. */
export function planted(sole: Vec, heel: number, toes: number, sign: number, turn: number): { ankle: Vec; foot: Mat } {
  const yaw = rotY(turn - sign * toes);
  const foot = times(yaw, rotZ(-heel));
  const pivot = heel >= 0 ? BALL : HEEL;
  const at = add(sole, turned(yaw, [pivot[0], pivot[1] + SIZE.ankle, 0]));
  return { ankle: sub(at, turned(foot, pivot)), foot };
}

export interface FreeLeg { hip: Vec; thigh: Mat; shin: Mat; foot: Mat; knee: Vec; ankle: Vec }

export function freeLeg(trunk: Trunk, a: Angles, side: Side): FreeLeg {
  const name = 'RL'[side]!, sign = SIGN[side];
  const hip = turned(trunk.pelvis, [0, 0, sign * SIZE.hipWide]);
  const thigh = swing(trunk.pelvis, a(`hip${name}`), a(`hip${name}`, 1), a(`hip${name}`, 2), sign);
  const knee = add(hip, turned(thigh, [0, -SIZE.thigh, 0]));
  const shin = times(thigh, rotZ(-a(`knee${name}`)));
  const ankle = add(knee, turned(shin, [0, -SIZE.shin, 0]));
  const foot = times(shin, rotZ(a(`ankle${name}`)));
  return { hip, thigh, shin, foot, knee, ankle };
}

export function footParts(ankle: Vec, foot: Mat, heel: number): { toe: Vec; ball: Vec; heel: Vec; toes: Mat } {
  const ball = add(ankle, turned(foot, BALL));
  // Toes stay on the floor when the heel rises over them.
  const flat = Math.max(0, Math.min(heel, 80)) * 0.98;
  const toes = times(foot, rotZ(flat));
  return { toe: add(ball, turned(toes, [SIZE.toe - SIZE.ball, -0.6, 0])), ball, heel: add(ankle, turned(foot, HEEL)), toes };
}

export const turnOf = (a: Angles): number => a('pelvis', 2);

export function legOf(blend: Blend, a: Angles, free: FreeLeg, root: Vec, side: Side, misses: Miss[]): Leg {
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
