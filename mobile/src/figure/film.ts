/** A clip made ready to show: its picture at any second, and the window that holds all of it. */

import { blendAt, momentsOf, type Clip, type Moment } from './clip';
import { figureLayers, type Layer, type Op, type Palette } from './draw';
import { anchor, propLayers, surfacesOf } from './props';
import { cameraOf, flat, line, ring, VIEWS, type Camera } from './shapes';
import { solve, type Skeleton, type Surfaces } from './skeleton';
import { add, type Vec } from './vec';

export interface Film {
  readonly clip: Clip;
  readonly moments: readonly Moment[];
  readonly camera: Camera;
  readonly surfaces: Surfaces;
  /** left, top, side of the square window, in centimetres of the drawing. */
  readonly window: readonly [number, number, number];
}

const DEFAULT_BREATH = [2, 0, 3, 0] as const;

/** −1 (out) to 1 (in): how full the ribs are. 0 where the clip does not breathe. */
export function breathAt(clip: Clip, seconds: number): number {
  const rhythm = clip.breath ?? (clip.hold ? DEFAULT_BREATH : null);
  if (!rhythm) return 0;
  const [inn = 2, full = 0, out = 3, empty = 0] = rhythm;
  const t = seconds % (inn + full + out + empty);
  if (t < inn) return -Math.cos((t / inn) * Math.PI);
  if (t < inn + full) return 1;
  if (t < inn + full + out) return Math.cos(((t - inn - full) / out) * Math.PI);
  return -1;
}

export function skeletonAt(film: Film, seconds: number): Skeleton {
  return solve(blendAt(film.moments, film.clip, seconds), film.surfaces);
}

/** Points that the window must hold. */
function outline(s: Skeleton): Vec[] {
  const made: Vec[] = [s.root, s.chestAt];
  const { head } = s;
  made.push([s.headAt[0] + head[1] * 20, s.headAt[1] + head[4] * 20, s.headAt[2] + head[7] * 20]);
  for (const leg of s.legs) made.push(leg.knee, leg.ankle, leg.toe, leg.heel);
  for (const arm of s.arms) made.push(arm.shoulder, arm.elbow, arm.tip);
  return made;
}

const LEAST = 128, MARGIN = 9, SEAT = 13;

export function openFilm(clip: Clip): Film {
  const moments = momentsOf(clip);
  const view = typeof clip.view === 'string' ? VIEWS[clip.view] : clip.view;
  if (!view) throw new Error(`there is no view ${String(clip.view)}`);
  const camera = cameraOf(view[0], view[1]);
  const surfaces = surfacesOf(clip.props ?? []);
  let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
  const hold = (at: Vec, margin: number): void => {
    const p = flat(camera, at);
    left = Math.min(left, p.x - margin); right = Math.max(right, p.x + margin);
    top = Math.min(top, p.y - margin); bottom = Math.max(bottom, p.y + margin);
  };
  const heavy = (clip.props ?? []).find(([name]) => name === 'barbell' || name === 'empty_bar');
  const plate = heavy?.[0] === 'barbell' ? 22 : 6;
  for (let i = 0; i < 16; i++) {
    const s = solve(blendAt(moments, clip, (clip.seconds * i) / 15.999), surfaces);
    for (const at of outline(s)) hold(at, MARGIN);
    hold(s.root, SEAT);
    for (const arm of heavy ? s.arms : []) hold(add(arm.palm, [0, 0, arm === s.arms[0] ? 40 : -40]), plate);
  }
  hold([0, 0, 0], 8);
  for (const at of extents(clip)) hold(at, 3);
  const side = Math.max(LEAST, right - left, bottom - top);
  if (clip.close) return { clip, moments, camera, surfaces, window: nearby(clip.close, moments, clip, camera, surfaces) };
  // The floor stays low in the window.
  const spare = side - (bottom - top);
  return { clip, moments, camera, surfaces, window: [(left + right) / 2 - side / 2, top - spare * 0.62, side] };
}

/** The window round one part of the body, in the middle of where it is through the clip. */
function nearby([part, round]: readonly [string, number], moments: readonly Moment[], clip: Clip, camera: Camera, surfaces: Surfaces): Film['window'] {
  const seen = Array.from({ length: 8 }, (_, i) => flat(camera, anchor(solve(blendAt(moments, clip, (clip.seconds * i) / 8), surfaces), part)));
  const middle = (of: (p: { x: number; y: number }) => number): number => (Math.min(...seen.map(of)) + Math.max(...seen.map(of))) / 2;
  return [middle((p) => p.x) - round, middle((p) => p.y) - round, 2 * round];
}

/** Outlines are as wide in the picture, however near it is. */
function fine(ops: Op[], film: Film): Op[] {
  const by = film.clip.close ? film.window[2] / LEAST : 1;
  return by === 1 ? ops : ops.map((op) => (op.width === undefined ? op : { ...op, width: Math.round(op.width * by * 100) / 100 }));
}

/** Corners of props that matter to the window: a wall may run out of it. */
function extents(clip: Clip): Vec[] {
  const made: Vec[] = [];
  for (const [name, one, two] of clip.props ?? []) {
    const x = typeof one === 'number' ? one : 0;
    if (name === 'bar') made.push([x, (typeof two === 'number' ? two : 226) + 4, -66], [x, 0, 66]);
    if (name === 'chair' || name === 'stool') made.push([x - 22, 0, 0], [x + 22, 0, 0]);
    if (name === 'box' || name === 'step') made.push([x + 26, 0, 0], [x - 26, 0, 0]);
    if (name === 'rope') made.push([0, 198, 0]);
    if (name === 'bike') made.push([-34, 0, 0], [76, 0, 0]);
    if (name === 'rower') made.push([-104, 0, 0], [100, 0, 0]);
  }
  return made;
}

/** All paths of the picture after `seconds`, the farthest first. */
export function picture(film: Film, seconds: number, palette: Palette, strength: Readonly<Record<string, number>>): Op[] {
  const { clip, camera } = film;
  const s = skeletonAt(film, seconds);
  const t = (seconds / clip.seconds) % 1;
  const layers: Layer[] = figureLayers(s, camera, palette, strength, breathAt(clip, seconds), clip.barefoot);
  for (const prop of clip.props ?? []) layers.push(...propLayers(prop, s, camera, palette, t));
  layers.sort((a, b) => a.near - b.near);
  const floor = ground(film, s, palette, seconds);
  const behind = layers.filter((layer) => layer.near < -1e5);
  const rest = layers.filter((layer) => layer.near >= -1e5);
  return fine([...behind.flatMap((layer) => layer.ops), ...floor, ...rest.flatMap((layer) => layer.ops)], film);
}

/** A soft shadow under what is near the floor, and marks that run by under someone who travels. */
function ground(film: Film, s: Skeleton, palette: Palette, seconds: number): Op[] {
  const { camera, clip } = film;
  let x0 = Infinity, x1 = -Infinity, z0 = Infinity, z1 = -Infinity;
  for (const at of outline(s)) {
    if (at[1] > 70) continue;
    x0 = Math.min(x0, at[0] - 7); x1 = Math.max(x1, at[0] + 7);
    z0 = Math.min(z0, at[2] - 7); z1 = Math.max(z1, at[2] + 7);
  }
  const made: Op[] = [];
  if (clip.travel) {
    const [vx, vz] = typeof clip.travel === 'number' ? [clip.travel, 0] : clip.travel;
    const speed = Math.hypot(vx, vz), gap = 46;
    const moved = (speed * seconds) % gap;
    const ux = vx / speed, uz = vz / speed;
    for (let k = -2; k <= 2; k++) {
      const far = k * gap - moved;
      const along: Vec = [ux * far, 0, uz * far];
      const strong = Math.max(0, 1 - Math.abs(far + 9) / 92);
      made.push({
        d: line(camera, [[along[0] - uz * 26, 0, along[2] + ux * 26], [along[0] - uz * 26 + ux * 18, 0, along[2] + ux * 26 + uz * 18]]),
        fill: 'none', stroke: palette.propLine, width: 1.6, opacity: Math.round(strong * 70) / 100,
      });
    }
  }
  if (x0 < x1) {
    const shrink = 1 / (1 + s.lift / 40);
    const mid: Vec = [(x0 + x1) / 2, 0, (z0 + z1) / 2];
    made.push({
      d: ring(camera, mid, [((x1 - x0) / 2) * shrink, 0, 0], [0, 0, Math.max(12, ((z1 - z0) / 2) * shrink)]), fill: palette.shadow, opacity: 0.13,
    });
  }
  return made;
}

/** The moment that tells most: where a hold stays, and otherwise the second key. */
export function stillSecond(clip: Clip): number {
  if (clip.hold) return clip.seconds * 1.5;
  const second = clip.keys[1];
  if (!second) return 0;
  const t = typeof second.t === 'number' ? second.t : 1 / clip.keys.length;
  return clip.seconds * (clip.alternate ? t / 2 : t);
}
