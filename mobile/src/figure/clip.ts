/** A motion clip as the catalogue keeps it, and its keys with everything filled in: docs/motion.md. */

import { POSES } from './poses';
import type { Vec } from './vec';

export type Side = 0 | 1;
/** Right, then left: the order of every pair in the figure. */
export const SIDES: readonly Side[] = [0, 1];
export const SIGN = [1, -1] as const;

export type Spot = readonly (number | string | null)[] | string | null;
export type Value = number | Spot;
export type KeyData = Readonly<Record<string, Value | undefined>>;
export type PropData = readonly (string | number | readonly (number | string)[])[];

export interface Clip {
  readonly slug: string;
  readonly view: string | readonly [number, number];
  readonly base: string;
  readonly seconds: number;
  readonly keys: readonly KeyData[];
  readonly alternate?: boolean;
  readonly hold?: boolean;
  readonly breath?: readonly number[];
  readonly ease?: 'smooth' | 'flow' | 'linear';
  readonly travel?: number | readonly [number, number];
  readonly props?: readonly PropData[];
  /** What the picture is filled with, and how many cm round it are shown: a hand or a foot that does the work. */
  readonly close?: readonly [string, number];
  /** Without shoes. */
  readonly barefoot?: boolean;
  readonly note?: string;
}

/** The values of each joint. Paired joints have them for each side. */
export const MIDDLE = { pelvis: 3, spine: 3, neck: 3 } as const;
export const PAIRED = {
  girdle: 2, shoulder: 3, elbow: 1, forearm: 1, wrist: 1, fingers: 1, hip: 3, knee: 1, ankle: 1, heel: 1, toes: 1,
  loose: 1, bigtoe: 1, smalltoes: 1,
} as const;

/** Where each joint's values begin in a pose's angles. */
export const PLACE: Readonly<Record<string, number>> = places();

function places(): Record<string, number> {
  const found: Record<string, number> = {};
  let at = 0;
  for (const [name, count] of Object.entries(MIDDLE)) { found[name] = at; at += count; }
  for (const side of ['R', 'L']) {
    for (const [name, count] of Object.entries(PAIRED)) { found[name + side] = at; at += count; }
  }
  found.lift = at;
  return found;
}

export const ANGLES = PLACE.lift! + 1;

export interface Target {
  /** A place on the body, with `at` added to it; null: `at` is a place in the room. */
  readonly place: string | null;
  readonly at: Vec;
}

/** One moment with everything filled in. */
export interface Pose {
  readonly angles: readonly number[];
  readonly x: number;
  readonly y: number | null;
  readonly z: number;
  readonly hands: readonly [Target | null, Target | null];
  readonly feet: readonly [Target | null, Target | null];
  /** A knee that no foot holds rests on the floor. */
  readonly kneels: boolean;
}

export interface Moment {
  /** 0 to 1 of the clip. */
  readonly t: number;
  readonly pose: Pose;
}

export class ClipError extends Error {}

function target(value: Value, isFoot: boolean): Target | null {
  if (value === null) return null;
  if (typeof value === 'string') return { place: value, at: [0, 0, 0] };
  if (!Array.isArray(value)) throw new ClipError(`${JSON.stringify(value)} is no place`);
  const list = value as readonly (number | string)[];
  if (typeof list[0] === 'string') {
    return { place: list[0], at: [Number(list[1] ?? 0), Number(list[2] ?? 0), Number(list[3] ?? 0)] };
  }
  const n = list.map(Number);
  if (isFoot && n.length === 2) return { place: null, at: [n[0]!, 0, n[1]!] };
  if (n.length !== 3 || n.some(Number.isNaN)) throw new ClipError(`${JSON.stringify(value)} is no place`);
  return { place: null, at: [n[0]!, n[1]!, n[2]!] };
}

const across = (spot: Target | null): Target | null =>
  spot && spot.place === null ? { place: null, at: [spot.at[0], spot.at[1], -spot.at[2]] } : spot;

/** The pose that `data` asks for, over `base`'s. Throws ClipError for a name or value that there is not. */
export function poseOf(data: KeyData, base: string): Pose {
  const name = typeof data.base === 'string' ? data.base : base;
  const from = POSES[name];
  if (from === undefined) throw new ClipError(`there is no base pose ${name}`);
  const made = {
    angles: new Array<number>(ANGLES).fill(0), hips: [0, null, 0] as (number | null)[],
    hands: [null, null] as (Target | null)[], feet: [null, null] as (Target | null)[],
  };
  for (const side of ['R', 'L']) made.angles[PLACE[`toes${side}`]!] = 8;
  for (const layer of [from, data]) {
    // What names a side comes after what sets both, whatever the order in the file.
    const names = Object.keys(layer).sort((a, b) => Number(/[RL]$/.test(a)) - Number(/[RL]$/.test(b)));
    for (const key of names) set(made, key, layer[key]!);
  }
  return {
    angles: made.angles, x: made.hips[0] ?? 0, y: made.hips[1] ?? null, z: made.hips[2] ?? 0,
    hands: [made.hands[0]!, made.hands[1]!], feet: [made.feet[0]!, made.feet[1]!], kneels: name.includes('kneel'),
  };
}

interface Making { angles: number[]; hips: (number | null)[]; hands: (Target | null)[]; feet: (Target | null)[] }

function set(made: Making, key: string, value: Value): void {
  if (key === 't' || key === 'base') return;
  if (key === 'hips') {
    (value as (number | null)[]).forEach((n, i) => { made.hips[i] = n; });
    return;
  }
  const side = /[RL]$/.exec(key)?.[0];
  const name = side ? key.slice(0, -1) : key;
  if (name === 'hand' || name === 'foot') {
    const list = name === 'hand' ? made.hands : made.feet;
    const right = target(value, name === 'foot');
    if (side !== 'L') list[0] = right;
    if (side === 'L') list[1] = right;
    // Both at once: the left's is the mirror image.
    else if (!side) list[1] = across(right);
    return;
  }
  const both = side === undefined && name in PAIRED ? ['R', 'L'] : [side ?? ''];
  const values = (Array.isArray(value) ? value : [value]) as readonly (number | null)[];
  for (const each of both) {
    const at = PLACE[name + each];
    const count = { ...MIDDLE, ...PAIRED, lift: 1 }[name as 'lift'];
    if (at === undefined || count === undefined) throw new ClipError(`there is no joint ${key}`);
    if (values.length > count) throw new ClipError(`${key} has at most ${count} values`);
    values.forEach((n, i) => {
      if (n === null) return;
      if (typeof n !== 'number' || !Number.isFinite(n)) throw new ClipError(`${key} wants numbers`);
      made.angles[at + i] = n;
    });
  }
}

/** The same pose with left and right exchanged. */
export function mirrored(pose: Pose): Pose {
  const angles = [...pose.angles];
  for (const name of Object.keys(MIDDLE)) {
    const at = PLACE[name]!;
    angles[at + 1] = -angles[at + 1]!;
    angles[at + 2] = -angles[at + 2]!;
  }
  for (const [name, count] of Object.entries(PAIRED)) {
    const r = PLACE[`${name}R`]!, l = PLACE[`${name}L`]!;
    for (let i = 0; i < count; i++) { angles[r + i] = pose.angles[l + i]!; angles[l + i] = pose.angles[r + i]!; }
  }
  const flip = (spot: Target | null): Target | null =>
    spot && { place: spot.place, at: [spot.at[0], spot.at[1], -spot.at[2]] };
  return {
    angles, x: pose.x, y: pose.y, z: -pose.z,
    hands: [flip(pose.hands[1]), flip(pose.hands[0])], feet: [flip(pose.feet[1]), flip(pose.feet[0])], kneels: pose.kneels,
  };
}

/** All moments of the clip, in order, the first at 0. */
export function momentsOf(clip: Clip): Moment[] {
  const poses = clip.keys.map((key) => poseOf(key, clip.base));
  const last = clip.hold ? Math.max(1, poses.length - 1) : poses.length;
  const times = clip.keys.map((key, i) => (typeof key.t === 'number' ? key.t : i / last));
  const half = poses.map((pose, i) => ({ t: times[i]!, pose }));
  if (!clip.alternate) return half;
  return [
    ...half.map(({ t, pose }) => ({ t: t / 2, pose })),
    ...half.map(({ t, pose }) => ({ t: 0.5 + t / 2, pose: mirrored(pose) })),
  ];
}

/** Poses and how much of each: the weights add up to 1. */
export type Blend = readonly { readonly pose: Pose; readonly weight: number }[];

const smooth = (u: number): number => u * u * (3 - 2 * u);

/** What the clip shows after `seconds` of playing. */
export function blendAt(moments: readonly Moment[], clip: Clip, seconds: number): Blend {
  const count = moments.length;
  const last = moments[count - 1]!;
  const through = seconds / clip.seconds;
  if (count === 1 || (clip.hold && through >= last.t)) return [{ pose: last.pose, weight: 1 }];
  const t = clip.hold ? through : through - Math.floor(through);
  let i = count - 1;
  while (i > 0 && moments[i]!.t > t) i--;
  const from = moments[i]!;
  const end = i + 1 < count ? moments[i + 1]!.t : 1;
  const u = end <= from.t ? 0 : Math.min(1, Math.max(0, (t - from.t) / (end - from.t)));
  const at = (k: number): Pose => moments[(k + count) % count]!.pose;
  if (clip.ease === 'flow') {
    // A Catmull-Rom curve: through every key without stopping there.
    const u2 = u * u, u3 = u2 * u;
    return [
      { pose: at(i - 1), weight: (-u3 + 2 * u2 - u) / 2 }, { pose: at(i), weight: (3 * u3 - 5 * u2 + 2) / 2 },
      { pose: at(i + 1), weight: (-3 * u3 + 4 * u2 + u) / 2 }, { pose: at(i + 2), weight: (u3 - u2) / 2 },
    ];
  }
  const e = clip.ease === 'linear' ? u : smooth(u);
  return [{ pose: at(i), weight: 1 - e }, { pose: at(i + 1), weight: e }];
}
