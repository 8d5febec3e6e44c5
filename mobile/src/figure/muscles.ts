/** Where each muscle of the catalogue shows on the figure. */

import { SIDES, SIGN, type Side } from './clip';
import type { Op } from './draw';
import { depth, limb, type Camera } from './shapes';
import type { Skeleton } from './skeleton';
import { add, mix, turned, type Mat, type Vec } from './vec';

type Bone = 'pelvis' | 'waist' | 'chest' | 'neck' | 'thigh' | 'shin' | 'foot' | 'upper' | 'fore' | 'hand';

/** A patch along a bone: from and to (fractions of a limb, centimetres up a part of the trunk), how far forward
 *  and outward of its middle, how thick, and which way it faces (forward, outward). */
interface Patch {
  readonly bone: Bone;
  readonly from: number;
  readonly to: number;
  readonly forward: number;
  readonly out: number;
  readonly r: number;
  readonly faces: readonly [number, number];
}

const p = (bone: Bone, from: number, to: number, forward: number, out: number, r: number, faces: readonly [number, number]): Patch =>
  ({ bone, from, to, forward, out, r, faces });

export const MUSCLES: Readonly<Record<string, readonly Patch[]>> = {
  quads: [p('thigh', 0.22, 0.82, 3.4, 0, 4, [1, 0])],
  hamstrings: [p('thigh', 0.25, 0.85, -2.6, 0, 3.9, [-1, 0])],
  adductors: [p('thigh', 0.12, 0.6, 0.5, -3.6, 3.6, [0.3, -1])],
  hip_flexors: [p('thigh', -0.08, 0.22, 4.6, -1, 3.6, [1, 0])],
  glute_max: [p('pelvis', -3, 4, -6.2, 7, 5.2, [-1, 0.3])],
  glute_med: [p('pelvis', 1, 8, -1.5, 11.4, 3.8, [-0.2, 1])],
  deep_hip_rotators: [p('pelvis', -2, 1, -6, 8.6, 3.8, [-1, 0.6])],
  gastroc: [p('shin', 0.1, 0.42, -2.6, 0, 3.3, [-1, 0])],
  soleus: [p('shin', 0.4, 0.74, -1.9, 0, 2.6, [-1, 0])],
  tib_ant: [p('shin', 0.12, 0.6, 2.2, 0.8, 2.3, [1, 0.3])],
  tib_post: [p('shin', 0.3, 0.75, -0.6, -2.2, 2.1, [-0.2, -1])],
  peroneals: [p('shin', 0.12, 0.7, -0.4, 2.5, 2.2, [0, 1])],
  tfl_itb: [p('thigh', -0.02, 0.7, 1.6, 5.2, 2.8, [0.3, 1])],
  foot_intrinsics: [p('foot', 0.1, 0.75, 0, 0, 2, [0, 0])],
  abs: [p('chest', -10, 0, 6.2, 2.6, 3.2, [1, 0]), p('waist', -1, 8, 5.4, 2.6, 3.2, [1, 0])],
  deep_core: [p('waist', -2, 6, 4.6, 4, 3.8, [1, 0.2])],
  obliques: [p('waist', -1, 8, 2.6, 8, 3.4, [0.4, 1])],
  quadratus_lumborum: [p('waist', -1, 7, -4.6, 5.6, 3, [-1, 0.4])],
  lumbar_extensors: [p('waist', -3, 9, -5.4, 2.8, 2.8, [-1, 0])],
  thoracic_extensors: [p('chest', -6, 14, -6.4, 2.8, 2.7, [-1, 0])],
  mid_back: [p('chest', 2, 12, -6, 5.4, 4, [-1, 0.2])],
  lats: [p('chest', -9, 7, -3.4, 10, 3.7, [-0.7, 0.8])],
  upper_traps: [p('chest', 17, 20.5, -3, 7.5, 3, [-0.5, 0.2])],
  serratus: [p('chest', -4, 4, 2.4, 11.4, 3, [0.3, 1])],
  pecs: [p('chest', 7, 10, 6, 6.6, 4.6, [1, 0.2])],
  diaphragm: [p('chest', -7, -3, 5.4, 5, 4.4, [1, 0])],
  rotator_cuff: [p('chest', 11, 14, -4.8, 11, 3.6, [-1, 0.5])],
  neck_flexors: [p('neck', 0.1, 0.9, 2.4, 1.6, 2.2, [1, 0.4])],
  neck_extensors: [p('neck', 0, 1, -2.6, 1.6, 2.3, [-1, 0.2])],
  delts_front: [p('upper', 0.02, 0.22, 2.2, 0.6, 3.5, [1, 0.4])],
  delts_rear: [p('upper', 0.02, 0.24, -1.6, 1.8, 3.5, [-0.7, 0.8])],
  biceps: [p('upper', 0.35, 0.85, 1.5, 0, 2.7, [1, 0])],
  triceps: [p('upper', 0.3, 0.85, -1.5, 0, 2.7, [-1, 0])],
  forearm_flexors: [p('fore', 0.08, 0.6, 1.2, -0.8, 2.3, [0.6, -0.6])],
  forearm_extensors: [p('fore', 0.08, 0.6, -1.2, 0.8, 2.3, [-0.6, 0.6])],
  hand_intrinsics: [p('hand', 3, 9, 0, 0, 2, [0, 0])],
};

const LEG: ReadonlySet<Bone> = new Set<Bone>(['thigh', 'shin', 'foot']);
const ARM: ReadonlySet<Bone> = new Set<Bone>(['upper', 'fore', 'hand']);

function placed(s: Skeleton, patch: Patch, side: Side): { from: Vec; to: Vec; m: Mat } {
  const leg = s.legs[side], arm = s.arms[side];
  const along = (a: Vec, b: Vec, m: Mat) => ({ from: mix(a, b, patch.from), to: mix(a, b, patch.to), m });
  const up = (at: Vec, m: Mat, sign = 1) => ({ from: add(at, turned(m, [0, sign * patch.from, 0])), to: add(at, turned(m, [0, sign * patch.to, 0])), m });
  switch (patch.bone) {
    case 'thigh': return along(leg.hip, leg.knee, leg.thigh);
    case 'shin': return along(leg.knee, leg.ankle, leg.shin);
    case 'foot': return along(leg.heel, leg.toe, leg.foot);
    case 'upper': return along(arm.shoulder, arm.elbow, arm.upper);
    case 'fore': return along(arm.elbow, arm.wrist, arm.fore);
    case 'hand': return up(arm.wrist, arm.hand, -1);
    case 'neck': return along(s.neckAt, s.headAt, s.chest);
    case 'pelvis': return up(s.root, s.pelvis);
    case 'waist': return up(s.waistAt, s.waist);
    default: return up(s.chestAt, s.chest);
  }
}

const SHOWN = [0, 0.42, 0.65, 0.85] as const;

/** Paints the tinted muscles of one part (`torso`, `head`, `legR`, `armL`…): those that the camera can see. */
export function tints(s: Skeleton, camera: Camera, color: string, strength: Readonly<Record<string, number>>): (part: string) => Op[] {
  return (part) => {
    const made: Op[] = [];
    for (const [muscle, how] of Object.entries(strength)) {
      for (const patch of MUSCLES[muscle] ?? []) {
        const group = LEG.has(patch.bone) ? 'leg' : ARM.has(patch.bone) ? 'arm' : 'torso';
        for (const side of SIDES) {
          if (part !== (group === 'torso' ? 'torso' : `${group}${'RL'[side]!}`)) continue;
          const sign = SIGN[side];
          const { from, to, m } = placed(s, patch, side);
          const off = turned(m, [patch.forward, 0, sign * patch.out]);
          const faces = depth(camera, turned(m, [patch.faces[0], 0, sign * patch.faces[1]]));
          const seen = patch.faces[0] === 0 && patch.faces[1] === 0 ? 1 : Math.min(1, Math.max(0, (faces + 0.38) / 0.3));
          made.push({
            d: seen <= 0 ? '' : limb(camera, [{ at: add(from, off), r: patch.r * 0.5 }, { at: add(mix(from, to, 0.35), off), r: patch.r }, { at: add(mix(from, to, 0.62), off), r: patch.r * 0.96 }, { at: add(to, off), r: patch.r * 0.42 }]),
            fill: color, opacity: Math.round(seen * SHOWN[Math.min(3, Math.max(0, Math.round(how))) as 0]! * 100) / 100,
          });
        }
      }
    }
    return made;
  };
}
