/** Base poses: every position of the catalogue, and the ways they are done. Numbers as in docs/motion.md. */

import type { KeyData } from './clip';

const arms = { shoulder: [4, 7, 0], elbow: 10 } as const;
const stand: KeyData = { ...arms, foot: [0, 10], hips: [0, null] };
const floorLegs: KeyData = { foot: null };

export const POSES: Readonly<Record<string, KeyData>> = {
  stand,
  /** Knees soft, feet wider, ready to move. */
  ready: { ...stand, foot: [0, 17], hips: [-8, 82], pelvis: 18, spine: 4, shoulder: [25, 12, 10], elbow: 75 },
  wide: { ...stand, foot: [0, 32], toes: 15 },
  /** Right foot in front. */
  stride: { ...stand, footR: [24, 9], footL: [-26, -9], heelL: 12 },
  lunge: { ...stand, footR: [42, 9], footL: [-48, -9], heelL: 52, hips: [2, 58], pelvis: 6 },
  /** On the left leg; the right is free. */
  single: { ...stand, footL: [0, -7], footR: null, hipR: [12], kneeR: 22, hips: [0, null, -4] },
  fold: { ...stand, hips: [-12, null], pelvis: 88, spine: [38], neck: [10], shoulder: [125, 4], elbow: 5 },
  hinge: { ...stand, hips: [-17, 88], pelvis: 55, spine: [4], neck: -12, shoulder: [58, 5] },
  squat: { ...stand, foot: [0, 17], toes: 18, hips: [-15, 33], pelvis: 32, spine: 14, shoulder: [80, 2], elbow: 15 },
  chair_squat: { ...stand, foot: [0, 13], hips: [-26, 56], pelvis: 38, shoulder: [75, 3], elbow: 10 },
  walk: { ...stand, pelvis: 3, shoulder: [0, 6], elbow: 25 },
  run: { ...stand, pelvis: 8, shoulder: [0, 8, 8], elbow: 88 },

  /** Right knee down, left foot in front. */
  half_kneel: {
    ...arms, hips: [0, null, 0], footR: null, hipR: [0], kneeR: 91, ankleR: -61, footL: [42, -11], pelvis: 0,
  },
  tall_kneel: { ...arms, ...floorLegs, hip: [0, 6], knee: 91, ankle: -61 },
  heel_sit: { ...arms, ...floorLegs, hip: [68, 6], knee: 154, ankle: -60, pelvis: 4, shoulder: [25, 6], elbow: 35 },
  quadruped: { ...floorLegs, pelvis: 84, hip: [84, 3], knee: 91, ankle: -61, hand: [51, 0, 17], shoulder: [85], spine: 3, neck: -8 },
  child: {
    ...floorLegs, pelvis: 62, hip: [131, 12], knee: 160, ankle: -62, spine: 44, neck: 18, hand: [92, 0, 17], shoulder: [150, 20, 75],
  },
  plank: { foot: [-94, 8], heel: 74, hips: [0, 43], pelvis: 73, hand: [55, 0, 18], shoulder: [75], neck: -6 },
  forearm_plank: { foot: [-99, 8], heel: 80, hips: [0, 27], pelvis: 83, shoulder: [84, 3, 8], elbow: 88, neck: -6 },
  knee_plank: { ...floorLegs, hip: [-2, 4], knee: 62, ankle: -40, pelvis: 58, hand: [46, 0, 20], shoulder: [60], neck: -6 },
  /** On the left forearm, facing forwards; the right side is up. */
  side_plank: {
    ...floorLegs, pelvis: [0, -74], hip: [0, 0], shoulderL: [0, 74, 0], elbowL: 90, shoulderR: [0, 8], handR: 'hip', neck: [0, 6],
  },
  side_plank_knees: {
    ...floorLegs, pelvis: [0, -67], hip: [0, 0], knee: 90, ankle: -20, shoulderL: [0, 67, 0], elbowL: 90, handR: 'hip', neck: [0, 6],
  },
  down_dog: { foot: [-48, 10], heel: 12, hips: [-8, 86], pelvis: 128, spine: -4, hand: [53, 0, 18], shoulder: [170, 4], neck: 10 },

  prone: { ...floorLegs, pelvis: 90, ankle: -62, hip: [0, 5], shoulder: [0, 15], elbow: 3, neck: 3 },
  prone_forehead: { ...floorLegs, pelvis: 90, ankle: -62, hip: [0, 5], shoulder: [0, 108, -86], elbow: 125, hand: [72, 0, 7], neck: 4 },
  sphinx: { ...floorLegs, pelvis: 82, spine: -34, neck: -14, ankle: -62, hip: [-8, 5], shoulder: [46, 4, 4], elbow: 92 },
  supine: { ...floorLegs, pelvis: -90, hip: [0, 6], ankle: -18, shoulder: [0, 16], elbow: 6, neck: 4 },
  hook: { pelvis: -90, hips: [0, 10, 0], foot: [44, 11], shoulder: [0, 18], elbow: 6, neck: 4 },
  bridge: { pelvis: -112, hips: [0, 31, 0], foot: [40, 11], spine: 8, shoulder: [-13, 15], elbow: 4, neck: 22 },
  tabletop: { ...floorLegs, pelvis: -90, hip: [90, 4], knee: 90, shoulder: [0, 16], elbow: 6, neck: 4 },
  /** On the left side, facing forwards, knees bent; the right side is up. */
  side_lying: {
    ...floorLegs, pelvis: [0, -90], hip: [42], knee: 78, shoulderL: [168, 10], elbowL: 8, neck: [0, -6], handR: [34, 0, -34], shoulderR: [50, 0],
  },
  side_lying_straight: {
    ...floorLegs, pelvis: [0, -90], hipR: [0, 2], hipL: [16], kneeL: 30, shoulderL: [168, 10], elbowL: 8, neck: [0, -6], handR: [34, 0, -34], shoulderR: [50, 0],
  },

  long_sit: { ...arms, ...floorLegs, hip: [84, 5], shoulder: [24, 10], elbow: 42, pelvis: -4 },
  straddle: { ...arms, ...floorLegs, hip: [84, 42], shoulder: [30, 6], elbow: 10, pelvis: -4 },
  cross_legged: { ...floorLegs, hip: [84, 40, -70], knee: 122, ankle: -10, pelvis: 6, spine: 16, hand: 'knee' },
  butterfly: { ...floorLegs, hip: [82, 56, -72], knee: 126, ankle: -8, pelvis: 6, spine: 12, hand: 'shin' },
  sit_floor_hook: { pelvis: -14, hips: [0, 10, 0], foot: [48, 12], hand: 'knee' },
  /** Both knees bent and to the left: the right shin behind, the left in front. */
  ninety: { ...floorLegs, shoulder: [28, 14], elbow: 48, hipL: [88, 40, -84], kneeL: 92, hipR: [2, 85, 0], kneeR: 92, ankle: -20 },

  chair: { hips: [0, 55, 0], foot: [43, 10], hand: 'thigh', pelvis: -2, shoulder: [30, 4], elbow: 60 },
  chair_front: { hips: [0, 55, 0], foot: [43, 10], pelvis: 0, shoulder: [10, 8], elbow: 20 },
  hang: { hips: [0, 114, 0], hand: [0, 226, 24], shoulder: [176, 12], foot: null, hip: [4], knee: 14, ankle: -25 },
  inverted: { foot: [-48, 10], heel: 12, hips: [-8, 86], pelvis: 128, spine: -4, hand: [53, 0, 18], shoulder: [170, 4], neck: 10 },
  wall_lean: { ...arms, foot: [0, 10], hips: [-6, null], pelvis: -5 },
  bike: { hips: [0, 96, 0], pelvis: 34, spine: 14, neck: -22, hand: [54, 104, 20], foot: [16, 20, 9], heel: 16 },
  rower: { hips: [-30, 34, 0], foot: [40, 26, 9], heel: -35, hip: [90, 4], hand: [32, 52, 8], pelvis: 16, shoulder: [70] },
};
