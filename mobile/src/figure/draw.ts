/** The figure as a list of painted paths, the farthest first. */

import { SIDES, SIGN, type Side } from './clip';
import { tints } from './muscles';
import { capsule, depth, egg, flat, hull, limb, line, type Ball, type Camera, type Egg } from './shapes';
import type { Arm, Leg, Skeleton } from './skeleton';
import { add, cos, mix, sin, turned, type Mat, type Vec } from './vec';

/** One path. No fill means lines only. */
export interface Op {
  readonly d: string;
  readonly fill: string;
  readonly stroke?: string;
  readonly width?: number;
  readonly opacity?: number;
}

export interface Palette {
  readonly skin: string; readonly skinFar: string; readonly skinLine: string;
  readonly top: string; readonly topFar: string; readonly topLine: string;
  readonly legs: string; readonly legsFar: string; readonly legsLine: string;
  readonly shoes: string; readonly shoesFar: string; readonly shoesLine: string;
  readonly hair: string;
  readonly tint: string;
  readonly shadow: string;
  readonly prop: string; readonly propTop: string; readonly propSide: string; readonly propLine: string;
  readonly mat: string; readonly matLine: string;
  readonly kit: string; readonly kitDark: string; readonly elastic: string;
}

export const LIGHT: Palette = {
  skin: '#d99b74', skinFar: '#c08360', skinLine: '#b97c58',
  top: '#2f9486', topFar: '#237568', topLine: '#26796d',
  legs: '#3b4a6b', legsFar: '#2d3954', legsLine: '#2c3853',
  shoes: '#f6ede1', shoesFar: '#dccfbf', shoesLine: '#b7a692',
  hair: '#46302a', tint: '#ff7a52', shadow: '#1b2a2b',
  prop: '#d9c9b4', propTop: '#e8dccb', propSide: '#c4b199', propLine: '#a8947b',
  mat: '#b9d3cb', matLine: '#94b8ad', kit: '#7d8790', kitDark: '#4b545d', elastic: '#e0567a',
};

export const DARK: Palette = {
  ...LIGHT,
  legs: '#6476a6', legsFar: '#4c5b85', legsLine: '#3c496d',
  top: '#38a898', topFar: '#2a8477', topLine: '#206a5f', hair: '#6b4a3f', shadow: '#000000',
  prop: '#8d8170', propTop: '#a39684', propSide: '#74695a', propLine: '#5d5346',
  mat: '#3f5f58', matLine: '#557d74', kit: '#8e99a3', kitDark: '#69737d',
};

/** Something to paint and how near it is. */
export interface Layer { readonly near: number; readonly ops: readonly Op[] }

interface Cloth { readonly fill: string; readonly line: string }

/** A shape with a thin outline under its fill, so that it stands off from what it crosses. */
function shape(d: string, cloth: Cloth): Op[] {
  return [{ d, fill: 'none', stroke: cloth.line, width: 1 }, { d, fill: cloth.fill }];
}

const at = (from: Vec, m: Mat, v: Vec): Vec => add(from, turned(m, v));

function legLayer(s: Skeleton, leg: Leg, side: Side, camera: Camera, palette: Palette, far: boolean, bare: boolean, tint: Op[]): Layer {
  const sign = SIGN[side];
  const thigh = (u: number, x: number, r: number): Ball => ({ at: at(mix(leg.hip, leg.knee, u), leg.thigh, [x, 0, 0]), r });
  const shin = (u: number, x: number, r: number): Ball => ({ at: at(mix(leg.knee, leg.ankle, u), leg.shin, [x, 0, 0]), r });
  const cloth = far ? { fill: palette.legsFar, line: palette.legsLine } : { fill: palette.legs, line: palette.legsLine };
  const skin = far ? { fill: palette.skinFar, line: palette.skinLine } : { fill: palette.skin, line: palette.skinLine };
  const shoe = far ? { fill: palette.shoesFar, line: palette.shoesLine } : { fill: palette.shoes, line: palette.shoesLine };
  const hip: Ball = { at: at(leg.hip, s.pelvis, [-0.5, 1.5, sign * 0.6]), r: 9 };
  const trousers = limb(camera, [hip, thigh(0.25, 0.6, 8.6), thigh(0.6, 0.8, 7.2), thigh(0.97, 0.3, 5.7), shin(0.28, -1.1, 5.5), shin(0.55, -0.7, 4.6), shin(0.8, 0, 3.6)]);
  const calf = limb(camera, [shin(0.7, -0.3, 3.5), shin(0.97, 0, 2.9)]);
  const foot = bare
    ? [...shape(toesPath(leg, sign, camera), skin), ...shape(barePath(leg, sign, camera), skin)]
    : shape(footPath(leg, camera), shoe);
  const near = 0.2 * depth(camera, leg.hip) + 0.5 * depth(camera, leg.knee) + 0.3 * depth(camera, leg.ankle);
  return { near, ops: [...foot, ...shape(calf, skin), ...shape(trousers, cloth), ...tint] };
}

function footPath(leg: Leg, camera: Camera): string {
  const p = (v: Vec, r: number): Ball => ({ at: v, r });
  const ankle = at(leg.ankle, leg.foot, [0, -1.2, 0]);
  const heel = p(leg.heel, 3);
  const instep = at(leg.ankle, leg.foot, [5.5, -3.4, 0]);
  return limb(camera, [p(ankle, 3.5), heel, p(leg.ball, 2.6), p(leg.toe, 1.8)]) + limb(camera, [p(ankle, 3.5), p(instep, 3), p(leg.ball, 2.6)]);
}

/** A foot without a shoe, to the root of the toes: broad at the ball, hollow on the inner side. */
function barePath(leg: Leg, sign: number, camera: Camera): string {
  const p = (v: Vec, r: number): Ball => ({ at: at(leg.ankle, leg.foot, v), r });
  const ankle = p([0, -1.2, 0], 3.4), heel: Ball = { at: leg.heel, r: 2.9 };
  const inner = p([11.6, -6, sign * -2.3], 1.9), outer = p([9.6, -6.3, sign * 2.5], 1.7);
  return limb(camera, [ankle, p([5, -3.6, sign * -0.6], 2.9), inner, outer, p([3, -5.6, sign * 1.8], 2.2), heel, ankle]);
}

/** From the inner side: where each toe begins, how long it is and how thick. */
const TOES = [[12.2, -2.6, 6, 1.45], [12, -0.35, 5.4, 0.85], [11.3, 1.25, 4.8, 0.8], [10.5, 2.7, 4.2, 0.75], [9.6, 3.9, 3.5, 0.7]] as const;

function toesPath(leg: Leg, sign: number, camera: Camera): string {
  return TOES.map(([x, z, long, r], i) => {
    const root = at(leg.ball, leg.toes, [x - 12, -0.9, sign * z]);
    const lift = leg.lifts[i === 0 ? 0 : 1];
    return limb(camera, [{ at: root, r: r + 0.15 }, { at: at(root, leg.toes, [long * cos(lift), long * sin(lift), 0]), r }]);
  }).join('');
}

function armLayer(arm: Arm, side: Side, s: Skeleton, camera: Camera, palette: Palette, far: boolean, tint: Op[]): Layer {
  const skin = far ? { fill: palette.skinFar, line: palette.skinLine } : { fill: palette.skin, line: palette.skinLine };
  const cloth = far ? { fill: palette.topFar, line: palette.topLine } : { fill: palette.top, line: palette.topLine };
  const upper = (u: number, r: number): Ball => ({ at: mix(arm.shoulder, arm.elbow, u), r });
  const fore = (u: number, x: number, r: number): Ball => ({ at: at(mix(arm.elbow, arm.wrist, u), arm.fore, [x, 0, 0]), r });
  const bare = limb(camera, [upper(0.44, 4.7), upper(0.98, 3.8), fore(0.28, 0.3, 4.1), fore(0.65, 0, 3.3), fore(1, 0, 2.6)]) + handPath(arm, SIGN[side], camera);
  const sleeve = limb(camera, [{ at: at(arm.shoulder, s.chest, [0, -0.8, SIGN[side] * -2.4]), r: 5.4 }, upper(0.1, 5.4), upper(0.3, 5.3), upper(0.46, 5.2)]);
  // From in front the sleeve is one with the shirt; from the side its seam tells the arm from the chest.
  const beside = Math.abs(depth(camera, turned(s.chest, [0, 0, 1])));
  const [edge, body] = shape(sleeve, cloth) as [Op, Op];
  const seam: Op[] = [{ ...edge, opacity: Math.round(Math.min(1, Math.max(0, (beside - 0.3) / 0.35)) * 100) / 100 }, body];
  const near = 0.2 * depth(camera, arm.shoulder) + 0.4 * depth(camera, arm.elbow) + 0.4 * depth(camera, arm.palm);
  return { near, ops: [...shape(bare, skin), ...seam, ...tint] };
}

/** Two fingers wide apart make a hand that is broad from the palm and thin from its edge; the thumb is forward. */
function handPath(arm: Arm, sign: number, camera: Camera): string {
  const p = (v: Vec, r: number): Ball => ({ at: at(arm.wrist, arm.hand, v), r });
  const wrist: Ball = { at: arm.wrist, r: 2.5 };
  const long = 1 - 0.004 * arm.curl, down = -cos(arm.curl) * long, inward = -sign * sin(arm.curl) * long;
  const folded = Math.max(0, arm.curl) / 90;
  return limb(camera, [wrist, p([1.7, -8.4, 0], 2.1), p([1.5, -8.4 + 7.6 * down, 7.6 * inward], 1.35)])
    + limb(camera, [wrist, p([-1.7, -7.8, 0], 2), p([-1.4, -7.8 + 6.6 * down, 6.6 * inward], 1.25)])
    + limb(camera, [p([1.8, -2.6, sign * -0.4], 1.7), p([5.6 - 2.4 * folded, -8.6, sign * (-1 - 2 * folded)], 1.25)]);
}

function torsoLayers(s: Skeleton, camera: Camera, palette: Palette, breath: number, tint: Op[]): Layer[] {
  const swell = 1 + 0.05 * breath;
  const eggs: Egg[] = [
    egg(s.waist, s.waistAt, [0, 5, 0], [8.6, 8, 11.6]),
    egg(s.chest, s.chestAt, [0.6, -4, 0], [9.6 * swell, 9, 13.6 * (1 + 0.03 * breath)]),
    egg(s.chest, s.chestAt, [0.4, 7 + breath * 0.5, 0], [10 * swell, 9, 14.8 * (1 + 0.03 * breath)]),
    egg(s.chest, s.chestAt, [-0.8, 15.6 + breath * 0.6, 0], [6.8, 5, 14.4]),
    egg(s.chest, s.chestAt, [-1.4, 20.6 + breath * 0.6, 0], [4.6, 2.4, 7]),
  ];
  const hips: Egg[] = [
    egg(s.pelvis, s.root, [-1.2, 0, 0], [10, 8.5, 15.6]),
    egg(s.pelvis, s.root, [-0.8, 6, 0], [9.4, 8, 14.4]),
    egg(s.waist, s.waistAt, [0, 3, 0], [8.5, 6, 11.6]),
  ];
  const top = hull(camera, eggs);
  const seat = hull(camera, hips);
  const neckTop = at(s.headAt, s.head, [0.2, 3, 0]);
  const neck = limb(camera, [{ at: at(s.neckAt, s.chest, [-0.6, -6, 0]), r: 6.4 }, { at: at(s.neckAt, s.chest, [-0.4, -1, 0]), r: 5 }, { at: neckTop, r: 4.8 }]);
  const ops = [
    ...shape(seat, { fill: palette.legs, line: palette.legsLine }),
    ...shape(neck, { fill: palette.skin, line: palette.skinLine }),
    ...shape(top, { fill: palette.top, line: palette.topLine }),
    ...tint,
  ];
  const middle = add(mix(s.root, s.chestAt, 0.5), [0, 0, 0]);
  return [{ near: depth(camera, middle), ops }];
}

function headLayer(s: Skeleton, camera: Camera, palette: Palette, tint: Op[]): Layer {
  const on = (v: Vec): Vec => at(s.headAt, s.head, v);
  const skull = egg(s.head, s.headAt, [1.2, 10.8, 0], [9.2, 9.8, 8]);
  const jaw = egg(s.head, s.headAt, [4.2, 3.2, 0], [4.9, 4.4, 5.2]);
  const nose = egg(s.head, s.headAt, [9.7, 7.4, 0], [2, 1.9, 1.5]);
  const brow = egg(s.head, s.headAt, [6.5, 9.5, 0], [2.6, 3, 3]);
  const face = hull(camera, [skull, jaw]) + hull(camera, [brow, nose]);
  const looks = depth(camera, turned(s.head, [1, 0, 0]));
  const crown = depth(camera, turned(s.head, [0, 1, 0]));
  // A cap of hair behind the face or over it, by where the face looks; a knot at the back of the head.
  const cap = hull(camera, [
    egg(s.head, s.headAt, [-2.2, 12.4, 0], [8.5, 8.8, 8.8]), egg(s.head, s.headAt, [1.4, 15, 0], [8.5, 6.2, 8]),
  ]) + hull(camera, [egg(s.head, s.headAt, [-4, 7.5, 0], [5.2, 6.2, 7.3])]);
  const fringe = hull(camera, [
    egg(s.head, s.headAt, [-1.8, 14.6, 0], [8.5, 7, 8.6]), egg(s.head, s.headAt, [3.8, 17.8, 0], [5.6, 3.2, 6.3]),
  ]);
  const knot = flat(camera, on([-11.2, 14, 0]));
  const bun = capsule(knot, 4.1, knot, 4.1);
  const hair = (d: string): Op => ({ d, fill: palette.hair });
  const skin = shape(face, { fill: palette.skin, line: palette.skinLine });
  const ears = SIDES.filter((side) => depth(camera, turned(s.head, [0.1, 0, SIGN[side]])) > 0.2).map((side): Op => {
    const ear = flat(camera, on([0.4, 8.4, SIGN[side] * 7.9]));
    const low = flat(camera, on([0.8, 6.8, SIGN[side] * 7.7]));
    return { d: capsule(ear, 1.9, low, 1.4), fill: palette.skinFar };
  });
  const eyes = SIDES.filter((side) => depth(camera, turned(s.head, [0.85, 0, SIGN[side] * 0.5])) > 0.32).map((side): Op => ({
    d: line(camera, [on([9, 10.1, SIGN[side] * 3.1]), on([9, 9, SIGN[side] * 3.1])]), fill: 'none', stroke: palette.hair, width: 1.5,
  }));
  const near = depth(camera, on([1, 9, 0])) + 2;
  if (looks < -0.25) return { near, ops: [...skin, ...tint, ...ears, hair(cap), hair(bun)] };
  const top = crown > 0.75 ? [hair(cap)] : [hair(fringe)];
  const mouth: Op[] = looks > 0.3 ? [{ d: line(camera, [on([8.6, 3.4, -1.9]), on([9.1, 2.9, 0]), on([8.6, 3.4, 1.9])]), fill: 'none', stroke: palette.skinLine, width: 1 }] : [];
  return { near, ops: [hair(bun), hair(cap), ...skin, ...tint, ...top, ...ears, ...eyes, ...mouth] };
}

/** All layers of the figure itself. `strength` is 0 to 3 by muscle; `breath` −1 to 1. */
export function figureLayers(s: Skeleton, camera: Camera, palette: Palette, strength: Readonly<Record<string, number>>, breath: number, bare = false): Layer[] {
  const paint = tints(s, camera, palette.tint, strength);
  const torso = torsoLayers(s, camera, palette, breath, paint('torso'));
  const middle = torso[0]!.near;
  const layers: Layer[] = [...torso, headLayer(s, camera, palette, paint('head'))];
  for (const side of SIDES) {
    const arm = s.arms[side], leg = s.legs[side], name = 'RL'[side]!;
    const other = s.legs[side === 0 ? 1 : 0];
    const apart = depth(camera, mix(leg.hip, leg.knee, 0.5)) - depth(camera, mix(other.hip, other.knee, 0.5));
    layers.push(legLayer(s, leg, side, camera, palette, apart < -9, bare, paint(`leg${name}`)));
    layers.push(armLayer(arm, side, s, camera, palette, depth(camera, arm.shoulder) < middle - 8, paint(`arm${name}`)));
  }
  return layers;
}
