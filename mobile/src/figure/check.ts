/** What is wrong with a clip: scripts/figures check, and the tests of the seed. */

import { ANGLES, blendAt, MIDDLE, PAIRED, PLACE, poseOf, SIDES, type Clip, type Pose } from './clip';
import { DRAWABLE } from './names';
import { openFilm, picture } from './film';
import { LIGHT } from './draw';
import { POSES } from './poses';
import { isAnchor, PROPS } from './props';
import { VIEWS } from './shapes';
import { bendOf, PLACES, SIZE, solve, type Skeleton } from './skeleton';
import { add, angle, dot, length, mix, sub, turned, upOf, type Vec } from './vec';

/** Degrees each joint may take, by value: rounded up from what a supple, healthy adult has. */
export const LIMITS: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  pelvis: [[-190, 190], [-100, 100], [-190, 190]],
  spine: [[-60, 100], [-50, 50], [-65, 65]],
  neck: [[-70, 60], [-48, 48], [-85, 85]],
  girdle: [[-30, 45], [-40, 45]],
  shoulder: [[-65, 200], [-65, 185], [-110, 95]],
  elbow: [[-8, 150]], forearm: [[-90, 90]], wrist: [[-85, 85]], fingers: [[-10, 100]],
  hip: [[-35, 140], [-40, 92], [-92, 60]],
  knee: [[-6, 162]], ankle: [[-65, 40]], heel: [[-50, 88]], toes: [[-45, 95]],
  loose: [[0, 1]], bigtoe: [[-40, 70]], smalltoes: [[-40, 60]],
};

export const MOST_BYTES = 900;
const BELOW_CM = 2.6, FLOAT_CM = 4, MISS_CM = 3, MOMENTS = 24;
/** Of a hand that leans on something, against its forearm: what joint angles alone do not show. */
const WRIST_BEND = 110;
const CARRIERS = /^(bar|chair|stool|bench|box|step|bike|rower|treadmill|wall|roller|ball|doorway|rack)$/;

/** The problems of a clip, in words; none when it is fit to show. */
export function check(clip: Clip, positions: readonly string[] = []): string[] {
  const found = shapeOf(clip);
  if (found.length > 0) return found;
  const bytes = JSON.stringify(clip).length;
  if (bytes > MOST_BYTES) found.push(`${bytes} bytes; at most ${MOST_BYTES}`);
  const home = DRAWABLE[clip.base];
  if (positions.length > 0 && home && !home.some((position) => positions.includes(position))) {
    found.push(`base ${clip.base} is none of the positions ${positions.join(', ')}`);
  }
  for (const [i, key] of clip.keys.entries()) found.push(...angles(poseOf(key, clip.base)).map((what) => `key ${i}: ${what}`));
  const film = openFilm(clip);
  const worst = new Map<string, number>();
  const note = (what: string, by: number): void => { worst.set(what, Math.max(worst.get(what) ?? 0, by)); };
  const carried = (clip.props ?? []).some(([name]) => CARRIERS.test(String(name)));
  let low = Infinity;
  for (let i = 0; i < MOMENTS; i++) {
    const s = solve(blendAt(film.moments, clip, (clip.seconds * i) / (MOMENTS - 0.99)), film.surfaces);
    for (const { part, by } of s.misses) if (by > MISS_CM) note(`${part} does not reach its place, by cm`, by);
    const floor = lowest(s);
    low = Math.min(low, floor.y);
    if (floor.y < -BELOW_CM) note(`${floor.part} is below the floor, by cm`, -floor.y);
    if (!carried && s.lift < 1 && floor.y > FLOAT_CM) note('nothing is on the floor; the lowest part is up, by cm', floor.y);
    for (const what of crossings(s)) note(what, 1);
    for (const side of SIDES) {
      const { hip, knee, ankle } = s.legs[side];
      const bend = bendOf(hip, knee, ankle);
      if (bend > 164) note(`knee${'RL'[side]!} bends too far, degrees`, bend);
      const { hand, fore } = s.arms[side];
      const wrist = angle(upOf(hand), upOf(fore));
      if (wrist > WRIST_BEND) note(`wrist${'RL'[side]!} bends too far, degrees`, wrist);
    }
    picture(film, (clip.seconds * i) / MOMENTS, LIGHT, {});
  }
  for (const [what, by] of worst) found.push(`${what} ${Math.round(by)}`);
  return found;
}

function shapeOf(clip: Clip): string[] {
  const found: string[] = [];
  const known = new Set(['slug', 'view', 'base', 'seconds', 'keys', 'alternate', 'hold', 'breath', 'ease', 'travel', 'props', 'close', 'barefoot', 'note']);
  for (const field of Object.keys(clip)) if (!known.has(field)) found.push(`there is no field ${field}`);
  if (!POSES[clip.base]) found.push(`there is no base pose ${clip.base}`);
  if (typeof clip.view === 'string' ? !VIEWS[clip.view] : clip.view?.length !== 2) found.push(`there is no view ${String(clip.view)}`);
  if (!(clip.seconds > 0.2 && clip.seconds <= 60)) found.push('seconds must be 0.2 to 60');
  if (!Array.isArray(clip.keys) || clip.keys.length === 0) found.push('keys must be a list with an entry');
  for (const [name] of clip.props ?? []) if (!PROPS.has(String(name))) found.push(`there is no prop ${String(name)}`);
  if (clip.close && !(isAnchor(clip.close[0]) && clip.close[1] >= 10)) found.push(`close is no joint of the body with 10 cm or more: ${clip.close.join(', ')}`);
  if (found.length > 0) return found;
  let last = -1;
  for (const [i, key] of clip.keys.entries()) {
    try {
      for (const spot of poseOf(key, clip.base).hands) {
        if (spot?.place && !PLACES.has(spot.place.replace(/X$/, ''))) found.push(`key ${i}: there is no place ${spot.place}`);
      }
    } catch (error) {
      found.push(`key ${i}: ${(error as Error).message}`);
    }
    if (typeof key.t === 'number') {
      // Two keys at one t are a cut: an arm that went all the way round begins again.
      if (key.t < last || key.t > 1) found.push(`key ${i}: t must rise from 0 to 1`);
      last = key.t;
    }
  }
  return found;
}

function angles(pose: Pose): string[] {
  const found: string[] = [];
  const one = (joint: string, name: string, count: number): void => {
    for (let i = 0; i < count; i++) {
      const [least, most] = LIMITS[joint]![i]!;
      const value = pose.angles[PLACE[name]! + i]!;
      if (value < least || value > most) found.push(`${name}[${i}] is ${value}; ${least} to ${most}`);
    }
  };
  for (const [joint, count] of Object.entries(MIDDLE)) one(joint, joint, count);
  for (const [joint, count] of Object.entries(PAIRED)) for (const side of 'RL') one(joint, joint + side, count);
  if (pose.angles[ANGLES - 1]! < 0 || pose.angles[ANGLES - 1]! > 80) found.push('lift is 0 to 80');
  return found;
}

/** The lowest part and its height over the floor. */
function lowest(s: Skeleton): { part: string; y: number } {
  let best = { part: '', y: Infinity };
  const touch = (part: string, at: Vec, radius: number): void => {
    if (at[1] - radius < best.y) best = { part, y: at[1] - radius };
  };
  touch('seat', add(s.root, turned(s.pelvis, [0, 2, 0])), 9.5);
  touch('chest', add(s.chestAt, turned(s.chest, [0, 4, 0])), 10);
  touch('head', add(s.headAt, turned(s.head, [1.5, 9, 0])), 8.5);
  for (const side of SIDES) {
    const leg = s.legs[side], arm = s.arms[side], name = 'RL'[side]!;
    touch(`knee${name}`, leg.knee, 5);
    touch(`toes${name}`, leg.toe, 1.8);
    touch(`ball${name}`, leg.ball, 2.4);
    touch(`heel${name}`, leg.heel, 3);
    touch(`elbow${name}`, arm.elbow, 3.8);
    touch(`wrist${name}`, arm.wrist, 2.6);
    touch(`hand${name}`, arm.palm, 1.4);
    touch(`fingers${name}`, arm.tip, 1.4);
  }
  return best;
}

/** Limbs that pass through the trunk, or through each other. */
function crossings(s: Skeleton): string[] {
  const found: string[] = [];
  const core = mix(s.root, s.chestAt, 0.55);
  const inside = (at: Vec, m: Skeleton['chest'], from: Vec, half: Vec): boolean => {
    const d = sub(at, from);
    const local = [dot(d, [m[0], m[3], m[6]]), dot(d, upOf(m)), dot(d, [m[2], m[5], m[8]])];
    return local.reduce((sum, v, i) => sum + (v / half[i]!) ** 2, 0) < 1;
  };
  for (const side of SIDES) {
    const { elbow, wrist, palm } = s.arms[side], leg = s.legs[side];
    for (const [what, at] of [['elbow', elbow], ['wrist', wrist], ['hand', palm], ['knee', leg.knee], ['ankle', leg.ankle]] as const) {
      if (inside(at, s.chest, add(s.chestAt, turned(s.chest, [0, 4, 0])), [7.5, 14, 10.5]) || inside(at, s.waist, core, [6, 9, 8.5])) {
        found.push(`${what}${'RL'[side]!} passes through the trunk`);
      }
    }
    if (length(sub(palm, add(s.headAt, turned(s.head, [0.5, 9, 0])))) < 6) found.push(`hand${'RL'[side]!} passes through the head`);
  }
  if (length(sub(s.legs[0].ankle, s.legs[1].ankle)) < 4.5) found.push('the ankles pass through each other');
  if (length(sub(s.legs[0].knee, s.legs[1].knee)) < 7) found.push('the knees pass through each other');
  return found;
}

export const TALL_CM = SIZE.thigh + SIZE.shin + SIZE.ankle + SIZE.neckUp + SIZE.neck + 20;
