/** What stands beside the figure or is held by it. */

import type { PropData } from './clip';
import type { Layer, Op, Palette } from './draw';
import { capsule, depth, flat, line, polygon, ring, type Camera } from './shapes';
import type { Skeleton, Surfaces } from './skeleton';
import { add, cross, length, mix, rotY, scale, sub, turned, unit, type Vec } from './vec';

type Argument = string | number | readonly (number | string)[] | undefined;

export const PROPS = new Set(['mat', 'wall', 'chair', 'stool', 'step', 'box', 'bench', 'doorway', 'roller', 'ball', 'dowel', 'barbell', 'empty_bar',
  'dumbbell', 'kettlebell', 'band', 'strap', 'mini_band', 'bar', 'rope', 'bike', 'rower', 'treadmill', 'towel', 'rack']);

const num = (value: Argument, other: number): number => (typeof value === 'number' ? value : other);

/** A joint or place by its name, or a place in the room. */
export function anchor(s: Skeleton, name: Argument): Vec {
  if (Array.isArray(name)) return [Number(name[0]), Number(name[1]), Number(name[2])];
  const text = String(name);
  if (text === 'hands') return mix(s.arms[0].palm, s.arms[1].palm, 0.5);
  if (text === 'feet') return mix(s.legs[0].ball, s.legs[1].ball, 0.5);
  if (text === 'knees') return mix(s.legs[0].knee, s.legs[1].knee, 0.5);
  if (text === 'pelvis') return s.root;
  if (text === 'chest') return s.chestAt;
  if (text === 'shoulders') return add(s.chestAt, turned(s.chest, [-6, 20, 0]));
  if (text === 'head') return add(s.headAt, turned(s.head, [1, 10, 0]));
  const side = text.endsWith('L') ? 1 : 0;
  const arm = s.arms[side], leg = s.legs[side];
  switch (text.slice(0, -1)) {
    case 'hand': return arm.palm;
    case 'fingers': return mix(arm.palm, arm.tip, 0.55);
    case 'wrist': return arm.wrist;
    case 'elbow': return arm.elbow;
    case 'shoulder': return arm.shoulder;
    case 'foot': return add(leg.ankle, turned(leg.foot, [8, -SOLE, 0]));
    case 'toes': return leg.toe;
    case 'heel': return leg.heel;
    case 'ankle': return leg.ankle;
    case 'knee': return leg.knee;
    case 'thigh': return mix(leg.hip, leg.knee, 0.75);
    case 'calf': return mix(leg.knee, leg.ankle, 0.35);
    case 'hip': return leg.hip;
    default: throw new Error(`there is no anchor ${text}`);
  }
}

const ANCHORS = /^(hands|feet|knees|pelvis|chest|shoulders|head|(hand|fingers|wrist|elbow|shoulder|foot|toes|heel|ankle|knee|thigh|calf|hip)[RL])$/;
export const isAnchor = (name: string): boolean => ANCHORS.test(name);

const SOLE = 7;

interface Block { readonly low: Vec; readonly high: Vec; readonly turn: number; readonly about: Vec }
const block = (x: number, y: number, z: number, wx: number, h: number, wz: number, turn = 0, about: Vec = [x, 0, z]): Block =>
  ({ low: [x - wx / 2, y, z - wz / 2], high: [x + wx / 2, y + h, z + wz / 2], turn, about });

interface Tone { readonly top: string; readonly side: string; readonly end: string; readonly line: string }

/** The faces of a block that the camera sees. */
function faces(camera: Camera, { low, high, turn, about }: Block, tone: Tone, opacity = 1): Op[] {
  const m = rotY(turn);
  const corner = (x: 0 | 1, y: 0 | 1, z: 0 | 1): Vec => {
    const raw: Vec = [x ? high[0] : low[0], y ? high[1] : low[1], z ? high[2] : low[2]];
    return add(about, turned(m, sub(raw, about)));
  };
  const made: Op[] = [];
  const face = (out: Vec, fill: string, corners: Vec[]): void => {
    if (depth(camera, turned(m, out)) <= 0.001) return;
    made.push({ d: polygon(camera, corners), fill, stroke: tone.line, width: 0.6, ...(opacity < 1 ? { opacity } : {}) });
  };
  face([-1, 0, 0], tone.end, [corner(0, 0, 0), corner(0, 1, 0), corner(0, 1, 1), corner(0, 0, 1)]);
  face([1, 0, 0], tone.end, [corner(1, 0, 0), corner(1, 1, 0), corner(1, 1, 1), corner(1, 0, 1)]);
  face([0, 0, -1], tone.side, [corner(0, 0, 0), corner(1, 0, 0), corner(1, 1, 0), corner(0, 1, 0)]);
  face([0, 0, 1], tone.side, [corner(0, 0, 1), corner(1, 0, 1), corner(1, 1, 1), corner(0, 1, 1)]);
  face([0, 1, 0], tone.top, [corner(0, 1, 0), corner(1, 1, 0), corner(1, 1, 1), corner(0, 1, 1)]);
  return made;
}

const BACK = -1e6;

function nearness(camera: Camera, { low, high, turn, about }: Block): number {
  const middle = mix(low, high, 0.5);
  return depth(camera, add(about, turned(rotY(turn), sub(middle, about))));
}

function blocks(camera: Camera, list: readonly Block[], tone: Tone, bias = 0): Layer[] {
  return list.map((one) => ({ near: nearness(camera, one) + bias, ops: faces(camera, one, tone) }));
}

const stroke = (d: string, color: string, width: number, opacity?: number): Op =>
  ({ d, fill: 'none', stroke: color, width, ...(opacity === undefined ? {} : { opacity }) });

/** The layers of one prop. `t` is 0 to 1 of the clip. */
export function propLayers(data: PropData, s: Skeleton, camera: Camera, palette: Palette, t: number): Layer[] {
  const [name, one, two, three] = data as readonly Argument[];
  const wood: Tone = { top: palette.propTop, side: palette.prop, end: palette.propSide, line: palette.propLine };
  const metal: Tone = { top: palette.kit, side: palette.kit, end: palette.kitDark, line: palette.kitDark };
  const at = (a: Argument): Vec => anchor(s, a);
  switch (name) {
    case 'mat': {
      const long = num(two, 190), x = num(one, 0);
      const tone: Tone = { top: palette.mat, side: palette.matLine, end: palette.matLine, line: palette.matLine };
      return [{ near: BACK, ops: faces(camera, block(x, -1.2, 0, long, 1.2, 66), tone) }];
    }
    case 'wall': {
      const beside = two === 'side';
      const place = num(one, 40);
      const wall = beside ? block(0, 0, place + Math.sign(place) * 2, 170, 200, 4) : block(place + Math.sign(place) * 2, 0, 0, 4, 200, 150);
      // Seen from behind or edge on, a wall would hide what it carries: it is kept to a strip or made clear.
      const near = depth(camera, beside ? [0, 0, place] : [place, 0, 0]);
      return near > 8
        ? [{ near: -BACK, ops: faces(camera, wall, wood, 0.28) }]
        : [{ near: BACK + 1, ops: faces(camera, wall, wood) }];
    }
    case 'chair': case 'stool': {
      const x = num(one, 0), z = num(two, 0), turn = num(three, 0);
      const about: Vec = [x, 0, z];
      const part = (dx: number, y: number, dz: number, wx: number, h: number, wz: number): Block => block(x + dx, y, z + dz, wx, h, wz, turn, about);
      const list = [
        part(-17, 0, -18, 3.4, 41, 3.4), part(-17, 0, 18, 3.4, 41, 3.4), part(17, 0, -18, 3.4, 41, 3.4), part(17, 0, 18, 3.4, 41, 3.4),
        part(0, 41, 0, 41, 4, 42),
        ...(name === 'chair' ? [part(-19, 45, -18, 3.2, 44, 3.2), part(-19, 45, 18, 3.2, 44, 3.2), part(-19, 68, 0, 3, 20, 40)] : []),
      ];
      const inOrder = [...list].sort((a, b) => nearness(camera, a) - nearness(camera, b));
      const back = inOrder.filter((b) => nearness(camera, b) <= depth(camera, s.root) + 6 || b === list[4]);
      const front = inOrder.filter((b) => !back.includes(b));
      return [
        { near: BACK + 10 + depth(camera, [x, 0, z]) * 0.01, ops: back.flatMap((b) => faces(camera, b, wood)) },
        { near: depth(camera, s.root) + 6, ops: front.flatMap((b) => faces(camera, b, wood)) },
      ];
    }
    case 'step': return under(camera, block(num(one, 0), 0, num(two, 0), 40, num(three, 20), 60), wood, s);
    case 'box': return under(camera, block(num(one, 0), 0, num(two, 0), 50, num(three, 45), 56), wood, s);
    case 'bench': {
      const x = num(one, 0), z = num(two, 0), turn = num(three, 0);
      const about: Vec = [x, 0, z];
      const list = [block(x, 0, z - 45, 26, 39, 4, turn, about), block(x, 0, z + 45, 26, 39, 4, turn, about), block(x, 39, z, 32, 6, 112, turn, about)];
      return [{ near: BACK + 10, ops: list.flatMap((b) => faces(camera, b, wood)) }];
    }
    case 'doorway': {
      const x = num(one, 0), half = num(two, 46);
      return blocks(camera, [block(x, 0, -half - 5, 10, 205, 10), block(x, 0, half + 5, 10, 205, 10)], wood);
    }
    case 'roller': {
      const free = Array.isArray(one);
      const place: Vec = free ? at(one) : [num(one, 0), 7.5, num(two, 0)];
      const axis: Vec = turned(rotY(free ? num(two, 0) : num(three, 0)), [0, 0, 1]);
      return [cylinder(camera, place, axis, 20, 7.5, palette.kit, palette.kitDark)];
    }
    case 'ball': {
      const middle = at(one), p = flat(camera, middle), r = num(two, 4);
      return [{ near: depth(camera, middle) + 3, ops: [{ d: capsule(p, r, p, r), fill: palette.elastic }] }];
    }
    case 'towel': {
      const a = flat(camera, at(one)), r = num(two, 7);
      return [{ near: depth(camera, at(one)) + 2, ops: [{ d: capsule(a, r, a, r), fill: palette.propTop, stroke: palette.propLine, width: 1 }] }];
    }
    case 'dowel': return bar(s, camera, one, two, 25, [stroke, palette.propLine, 2.6], palette);
    case 'barbell': return bar(s, camera, one, two, 42, [stroke, palette.kit, 2.6], palette, 21);
    case 'empty_bar': return bar(s, camera, one, two, 42, [stroke, palette.kit, 2.8], palette, 3.5);
    case 'dumbbell': {
      const place = at(one);
      const side = String(one).endsWith('L') ? 1 : 0;
      const axis = turned(s.arms[side].hand, [1, 0, 0]);
      const ends = [add(place, scale(axis, 8)), add(place, scale(axis, -8))] as const;
      const knob = (v: Vec): Op => ({ d: capsule(flat(camera, v), 4, flat(camera, add(v, scale(axis, 1))), 4), fill: palette.kitDark });
      return [{ near: depth(camera, place) + 4, ops: [stroke(line(camera, ends), palette.kit, 2.4), knob(ends[0]), knob(ends[1])] }];
    }
    case 'kettlebell': {
      const place = at(one);
      const fore = s.arms[0].palm, wrist = s.arms[0].wrist;
      const hang = two === 'up' ? ([0, -1, 0] as Vec) : unit(sub(fore, wrist));
      const middle = add(place, scale(hang, 11));
      const p = flat(camera, middle), q = flat(camera, add(place, scale(hang, 1)));
      return [{ near: depth(camera, middle) + 6, ops: [
        stroke(`${capsule(q, 4, p, 5)}`, palette.kitDark, 2), { d: capsule(p, 8.4, p, 8.4), fill: palette.kitDark }, { d: capsule({ x: p.x - 2.5, y: p.y - 2.5 }, 2, { x: p.x - 1, y: p.y - 3.5 }, 1.4), fill: palette.kit },
      ] }];
    }
    case 'band': case 'strap': {
      const points = (data.slice(1) as Argument[]).map(at);
      const near = Math.max(...points.map((v) => depth(camera, v)));
      return [{ near: near + 1, ops: [name === 'band' ? stroke(line(camera, points), palette.elastic, 2) : stroke(line(camera, points), palette.kitDark, 2.6)] }];
    }
    case 'mini_band': {
      const a = at(one), b = at(two), p = flat(camera, a), q = flat(camera, b);
      const r = Math.min(8.6, num(three, 6.6));
      return [{ near: Math.max(depth(camera, a), depth(camera, b)) + 4, ops: [stroke(capsule(p, r, q, r), palette.elastic, 2.2)] }];
    }
    case 'bar': {
      const x = num(one, 0), y = num(two, 226);
      const ends: readonly Vec[] = [[x, y, -62], [x, y, 62]];
      return [{ near: depth(camera, [x, y, 0]) - 6, ops: [stroke(line(camera, ends), palette.kitDark, 3.4)] },
        ...blocks(camera, [block(x, 0, -64, 5, y + 2, 5), block(x, 0, 64, 5, y + 2, 5)], metal)];
    }
    case 'rope': return rope(s, camera, palette, t);
    case 'rack': return blocks(camera, [block(num(one, 0), 0, -60, 6, num(two, 110), 6), block(num(one, 0), 0, 60, 6, num(two, 110), 6)], metal);
    case 'bike': return bike(s, camera, palette);
    case 'rower': return rower(s, camera, palette);
    case 'treadmill': {
      const list = [block(0, -9, 0, 170, 8, 62), block(72, 0, -30, 5, 112, 4), block(72, 0, 30, 5, 112, 4), block(74, 104, 0, 9, 12, 62)];
      return [{ near: BACK, ops: faces(camera, list[0]!, metal) }, ...blocks(camera, list.slice(1), metal)];
    }
    default: throw new Error(`there is no prop ${String(name)}`);
  }
}

/** A block that is stood on or in front of: behind the figure where most of the figure is nearer. */
function under(camera: Camera, one: Block, tone: Tone, s: Skeleton): Layer[] {
  const near = nearness(camera, one);
  const body = Math.min(depth(camera, s.root), depth(camera, s.legs[0].ankle), depth(camera, s.legs[1].ankle));
  return [{ near: near > body + 42 ? near : BACK + 10, ops: faces(camera, one, tone) }];
}

function cylinder(camera: Camera, middle: Vec, axis: Vec, half: number, r: number, fill: string, dark: string): Layer {
  const a = add(middle, scale(axis, half)), b = add(middle, scale(axis, -half));
  const u: Vec = Math.abs(axis[1]) > 0.9 ? [1, 0, 0] : [0, 1, 0];
  const v = unit(cross(axis, u));
  const w = cross(v, axis);
  const nearEnd = depth(camera, a) > depth(camera, b) ? a : b;
  const long = `${line(camera, [add(a, scale(w, r)), add(b, scale(w, r))])}`;
  return {
    near: depth(camera, middle) - 4,
    ops: [
      stroke(long.replace(/^M/, 'M'), 'none', 0), { d: polygon(camera, [...tube(camera, a, b, r)]), fill },
      { d: ring(camera, nearEnd, scale(v, r), scale(w, r)), fill: dark }, { d: ring(camera, nearEnd, scale(v, r * 0.5), scale(w, r * 0.5)), fill },
    ],
  };
}

/** The four corners of a tube's outline, from above its axis to below it as the camera sees it. */
function tube(camera: Camera, a: Vec, b: Vec, r: number): Vec[] {
  const side = scale(unit(cross(sub(a, b), camera.toward), [0, 1, 0]), r);
  return [add(a, side), add(b, side), sub(b, side), sub(a, side)];
}

function bar(
  s: Skeleton, camera: Camera, one: Argument, two: Argument, more: number, [draw, color, width]: readonly [typeof stroke, string, number], palette: Palette, plate = 0,
): Layer[] {
  const across = one === 'shoulders' || one === 'chest';
  const middle = anchor(s, across ? one : 'hands');
  const b = across ? add(middle, turned(s.chest, [0, 0, 22])) : anchor(s, one ?? 'handR');
  const a = across ? add(middle, turned(s.chest, [0, 0, -22])) : anchor(s, two ?? 'handL');
  const along = unit(sub(b, a), [0, 0, 1]);
  const ends = [sub(a, scale(along, more)), add(b, scale(along, more))] as const;
  const near = Math.max(depth(camera, a), depth(camera, b));
  const layers: Layer[] = [{ near: across ? depth(camera, middle) + 1 : near + 2, ops: [draw(line(camera, ends), color, width)] }];
  if (plate > 0) {
    const u: Vec = [along[1], -along[0], 0];
    const v = length(u) < 0.1 ? ([1, 0, 0] as Vec) : unit(u);
    const w = cross(along, v);
    ends.forEach((end, i) => {
      const inner = add(end, scale(along, i === 0 ? 6 : -6));
      layers.push({ near: depth(camera, end) + 3, ops: [
        { d: ring(camera, inner, scale(v, plate), scale(w, plate)), fill: palette.kitDark, stroke: palette.kit, width: 1 },
        { d: ring(camera, inner, scale(v, Math.min(4, plate * 0.6)), scale(w, Math.min(4, plate * 0.6))), fill: palette.kit },
      ] });
    });
  }
  return layers;
}

function rope(s: Skeleton, camera: Camera, palette: Palette, t: number): Layer[] {
  const [r, l] = [s.arms[0].palm, s.arms[1].palm];
  const turn = t * 360;
  const m = mix(r, l, 0.5);
  const reachOut = m[1] + 4 - s.lift * 0.2;
  const away: Vec = [Math.sin((turn * Math.PI) / 180) * reachOut, -Math.cos((turn * Math.PI) / 180) * reachOut, 0];
  const points: Vec[] = [];
  for (let i = 0; i <= 14; i++) {
    const u = i / 14;
    const bow = Math.sin(u * Math.PI) ** 0.55;
    points.push(add(mix(r, l, u), scale(away, bow)));
  }
  return [{ near: depth(camera, add(m, scale(away, 0.6))) + (away[0] > 0 ? 12 : -12), ops: [stroke(line(camera, points), palette.kitDark, 1.5)] }];
}

function bike(s: Skeleton, camera: Camera, palette: Palette): Layer[] {
  const crank: Vec = [10, 36, 0];
  const seat: Vec = [-6, 84, 0], head: Vec = [46, 92, 0], wheel: Vec = [52, 26, 0];
  const ops: Op[] = [
    { d: ring(camera, wheel, [24, 0, 0], [0, 24, 0]), fill: 'none', stroke: palette.kit, width: 4 },
    stroke(line(camera, [[-34, 2, 0], [60, 2, 0]]), palette.kitDark, 4.5),
    stroke(line(camera, [[-22, 2, 0], crank, [-2, 72, 0], seat]), palette.kitDark, 4.5),
    stroke(line(camera, [crank, head, [50, 102, 0]]), palette.kitDark, 4.5), stroke(line(camera, [wheel, [48, 92, 0]]), palette.kitDark, 4),
    stroke(line(camera, [[-18, 86, 0], [10, 85, 0]]), palette.kitDark, 6.5),
    stroke(line(camera, [[52, 103, -22], [52, 103, 22]]), palette.kitDark, 3.4),
  ];
  const pedal = (side: 0 | 1): Layer => {
    const ball = s.legs[side].ball;
    const out: Vec = [crank[0], crank[1], ball[2]];
    return { near: depth(camera, s.legs[side].knee) - 1 + (side === 0 ? -3 : -3), ops: [stroke(line(camera, [out, [ball[0], ball[1] - 3, ball[2]]]), palette.kit, 3)] };
  };
  return [{ near: depth(camera, s.root) - 8, ops }, pedal(0), pedal(1)];
}

function rower(s: Skeleton, camera: Camera, palette: Palette): Layer[] {
  const hands = anchor(s, 'hands');
  const seat: Vec = [s.root[0], 21, 0];
  return [
    { near: BACK + 5, ops: [
      stroke(line(camera, [[-104, 13, 0], [74, 18, 0]]), palette.kit, 5), stroke(line(camera, [[-104, 0, 0], [-104, 13, 0]]), palette.kitDark, 4),
      { d: ring(camera, [78, 34, 0], [22, 0, 0], [0, 22, 0]), fill: palette.kitDark },
    ] },
    { near: depth(camera, s.root) - 10, ops: [stroke(line(camera, [add(seat, [-12, 0, 0]), add(seat, [12, 0, 0])]), palette.kitDark, 5)] },
    { near: depth(camera, hands) + 8, ops: [stroke(line(camera, [hands, [70, 48, 0]]), palette.kit, 1.2), stroke(line(camera, [add(hands, [0, 0, -14]), add(hands, [0, 0, 14])]), palette.kitDark, 2.6)] },
  ];
}

/** What the hands of a clip may lie flat on. */
export function surfacesOf(props: readonly PropData[]): Surfaces {
  const tops: { y: number; x: number; reach: number }[] = [];
  const walls: number[] = [];
  for (const [name, one, two, three] of props as readonly (readonly Argument[])[]) {
    const x = num(one, 0);
    if (name === 'wall' && two !== 'side') walls.push(num(one, 40));
    if (name === 'chair' || name === 'stool') tops.push({ y: 45, x, reach: 26 });
    if (name === 'step') tops.push({ y: num(three, 20), x, reach: 22 });
    if (name === 'box') tops.push({ y: num(three, 45), x, reach: 27 });
    if (name === 'bench') tops.push({ y: 45, x, reach: num(three, 0) === 0 ? 18 : 58 });
  }
  return { tops, walls };
}
