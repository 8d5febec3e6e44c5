import { mirrored, momentsOf, poseOf, type Clip } from './clip';
import { check, LIMITS } from './check';
import { LIGHT } from './draw';
import { breathAt, openFilm, picture, skeletonAt, stillSecond } from './film';
import { MUSCLES } from './muscles';
import { DRAWABLE, STILLS } from './names';
import { POSES } from './poses';
import { VIEWS } from './shapes';
import { bendOf, solve } from './skeleton';
import { length, sub, type Vec } from './vec';

const SQUAT: Clip = {
  slug: 'squat', view: 'quarter', base: 'stand', seconds: 3,
  keys: [{}, { hips: [-20, 52], pelvis: 35, spine: -5, shoulder: 85 }],
};
const clip = (more: Partial<Clip>): Clip => ({ ...SQUAT, ...more });
const bones = (at: number) => skeletonAt(openFilm(SQUAT), at);

test('bones keep their length whatever they do', () => {
  for (let t = 0; t < 3; t += 0.2) {
    for (const leg of bones(t).legs) {
      expect(length(sub(leg.hip, leg.knee))).toBeCloseTo(43, 1);
      expect(length(sub(leg.knee, leg.ankle))).toBeCloseTo(42, 1);
    }
    for (const arm of bones(t).arms) expect(length(sub(arm.elbow, arm.wrist))).toBeCloseTo(25, 1);
  }
});

test('planted feet stay where they are while the hips sink', () => {
  const [top, low] = [bones(0), bones(1.5)];
  expect(low.root[1]).toBeLessThan(top.root[1] - 35);
  for (const side of [0, 1] as const) expect(length(sub(low.legs[side].ankle, top.legs[side].ankle))).toBeLessThan(0.5);
  expect(bendOf(low.legs[0].hip, low.legs[0].knee, low.legs[0].ankle)).toBeGreaterThan(80);
});

test('someone standing is 172 cm tall, with the soles on the floor', () => {
  const s = bones(0);
  expect(s.headAt[1] + 20).toBeGreaterThan(166);
  expect(s.headAt[1] + 20).toBeLessThan(178);
  expect(s.legs[0].ankle[1]).toBeCloseTo(8, 0);
});

test.each(Object.keys(POSES))('the base pose %s passes the check', (base) => {
  const props: Clip['props'] = base === 'hang' ? [['bar', 0, 226]] : ['bike', 'rower'].includes(base) ? [[base]] : base.startsWith('chair') ? [['chair', 0]] : [];
  expect(check({ slug: base, view: 'quarter', base, seconds: 4, keys: [{}], hold: true, props })).toEqual([]);
  expect(DRAWABLE[base]).toBeDefined();
});

test('every view shows a figure', () => {
  for (const view of Object.keys(VIEWS)) expect(picture(openFilm(clip({ view })), 0, LIGHT, {}).length).toBeGreaterThan(25);
});

test('every position has a still', () => {
  for (const still of Object.values(STILLS)) expect(POSES[still.base]).toBeDefined();
  expect(Object.keys(STILLS)).toHaveLength(15);
});

test('the second half of an alternating clip is the first with the sides exchanged', () => {
  const film = openFilm(clip({ alternate: true, keys: [{ footR: null, hipR: [80], kneeR: 90 }, {}] }));
  const first = skeletonAt(film, 0), second = skeletonAt(film, 1.5);
  const flip = ([x, y, z]: Vec): Vec => [x, y, -z];
  expect(length(sub(flip(first.legs[0].knee), second.legs[1].knee))).toBeLessThan(0.01);
  expect(momentsOf(film.clip)).toHaveLength(4);
  const pose = poseOf({ handR: 'kneeX', spine: [0, 10, 5] }, 'stand');
  expect(mirrored(mirrored(pose))).toEqual(pose);
  expect(mirrored(pose).hands[1]?.place).toBe('kneeX');
});

test('a hold goes in once, stays, and breathes', () => {
  const hold = clip({ hold: true, breath: [4, 1, 6] });
  const film = openFilm(hold);
  expect(skeletonAt(film, 4).root).toEqual(skeletonAt(film, 40).root);
  expect(breathAt(hold, 0)).toBeCloseTo(-1);
  expect(breathAt(hold, 4.5)).toBe(1);
  expect(breathAt(hold, 10.99)).toBeCloseTo(-1, 2);
  expect(breathAt(SQUAT, 1)).toBe(0);
  expect(stillSecond(SQUAT)).toBe(1.5);
});

test('flowing clips pass through each key', () => {
  const film = openFilm(clip({ ease: 'flow' }));
  expect(skeletonAt(film, 1.5).root[1]).toBeCloseTo(52, 1);
});

test('a hand reaches what it is put on, and the rest of the body too far away is told', () => {
  const near = solve([{ pose: poseOf({ handR: 'hip' }, 'stand'), weight: 1 }]);
  expect(near.misses.find(({ part }) => part === 'handR')?.by).toBeLessThan(1);
  expect(check(clip({ keys: [{ handR: [200, 100, 0] }] })).join()).toContain('handR does not reach its place');
});

test('a close picture holds only what it is about, with outlines as fine as in the whole figure', () => {
  const near = openFilm(clip({ close: ['feet', 25], barefoot: true, keys: [{}, { bigtoe: 40 }] }));
  expect(near.window[2]).toBe(50);
  const whole = openFilm(clip({}));
  expect(whole.window[2]).toBeGreaterThan(120);
  const widest = (film: typeof near) => Math.max(...picture(film, 0, LIGHT, {}).map((op) => op.width ?? 0));
  expect(widest(near)).toBeLessThan(widest(whole) / 2);
});

test('the big toe lifts without the small ones, on bare feet only', () => {
  const drawn = (more: Partial<Clip>) => picture(openFilm(clip({ ...more, hold: true })), 0, LIGHT, {}).map((op) => op.d).join();
  const still: Partial<Clip> = { barefoot: true, keys: [{}] };
  const big = { barefoot: true, keys: [{ bigtoe: 40 }] }, small = { barefoot: true, keys: [{ smalltoes: 40 }] };
  expect(new Set([still, big, small].map(drawn)).size).toBe(3);
  expect(drawn({ keys: [{ bigtoe: 40 }] })).toBe(drawn({ keys: [{}] }));
});

test('the forearm turns the palm up and down, and wrist and fingers bend towards the palm', () => {
  const arm = (data: Parameters<typeof poseOf>[0]) => solve([{ pose: poseOf({ elbow: 90, shoulder: [0, 0], ...data }, 'stand'), weight: 1 }]).arms;
  // The palm is on the inner side of the hand's frame: its outer side, the back of the hand, is the right's right and the left's left.
  const up = (data: Parameters<typeof poseOf>[0]) => arm(data).map(({ hand }, side) => (side === 0 ? -hand[5] : hand[5]));
  for (const palm of up({ forearm: 90 })) expect(palm).toBeCloseTo(1, 5);
  for (const palm of up({ forearm: -90 })) expect(palm).toBeCloseTo(-1, 5);
  for (const palm of up({})) expect(palm).toBeCloseTo(0, 5);
  for (const { tip, wrist } of arm({ forearm: 90, wrist: 60 })) expect(tip[1]).toBeGreaterThan(wrist[1] + 10);
  for (const { tip, wrist } of arm({ forearm: -90, wrist: 60 })) expect(tip[1]).toBeLessThan(wrist[1] - 10);
});

test('a hand on the floor has its palm down and the thumb inwards', () => {
  const { arms } = solve([{ pose: poseOf({}, 'quadruped'), weight: 1 }]);
  arms.forEach(({ hand }, side) => {
    const sign = side === 0 ? 1 : -1;
    expect(hand[5] * sign).toBeCloseTo(1, 5);
    expect(hand[6] * sign).toBeLessThan(-0.9);
  });
});

test('a loose foot stays where it is and tips with its shin', () => {
  const legs = (loose: number) => solve([{ pose: poseOf({ foot: [50, 27], loose, hipR: [60, 10, 58], toesR: -24 }, 'sit_floor_hook'), weight: 1 }]).legs;
  const [flat, tipped] = [legs(0)[0], legs(1)[0]];
  expect(length(sub(flat.ankle, tipped.ankle))).toBeLessThan(0.01);
  expect(flat.foot[4]).toBeCloseTo(1, 5);
  expect(tipped.foot[4]).toBeLessThan(0.5);
});

test.each(['tall_kneel', 'heel_sit', 'quadruped', 'child'])('knees and toes of %s rest on the floor', (base) => {
  for (const { knee, toe } of solve([{ pose: poseOf({}, base), weight: 1 }]).legs) {
    expect(knee[1]).toBeLessThan(6.5);
    expect(toe[1]).toBeLessThan(4);
  }
});

test('a knee above the hip keeps the thigh facing up', () => {
  const s = solve([{ pose: poseOf({ heel: 38 }, 'chair'), weight: 1 }]);
  expect(s.legs[0].knee[1]).toBeGreaterThan(s.legs[0].hip[1]);
  expect(s.legs[0].thigh[3]).toBeGreaterThan(0.8);
});

test.each([
  ['an unknown joint', clip({ keys: [{ tail: 20 }] }), 'there is no joint tail'],
  ['an unknown pose', clip({ base: 'flying' }), 'there is no base pose flying'],
  ['an unknown place', clip({ keys: [{ handR: 'pocket' }] }), 'there is no place pocket'],
  ['an unknown prop', clip({ props: [['trampoline']] }), 'there is no prop trampoline'],
  ['a joint past its limit', clip({ keys: [{ kneeR: 190, footR: null }] }), 'kneeR[0] is 190'],
  ['a leg in the floor', clip({ keys: [{ footR: [20, -12, 9] }] }), 'below the floor'],
  ['a close picture of nothing', clip({ close: ['tail', 30] }), 'close is no joint'],
  ['a picture that is too close', clip({ close: ['feet', 3] }), 'close is no joint'],
  ['a toe past its limit', clip({ keys: [{ bigtoe: 90 }] }), 'bigtoeR[0] is 90'],
  ['someone in the air', clip({ keys: [{ foot: null, hips: [0, 130] }] }), 'nothing is on the floor'],
  ['keys out of order', clip({ keys: [{}, { t: 0.8 }, { t: 0.2 }] }), 't must rise'],
  ['a clip that is too long', clip({ note: 'x'.repeat(900) }), 'at most 900'],
  ['a field that there is not', { ...SQUAT, colour: 1 } as Clip, 'there is no field colour'],
])('the check finds %s', (_what, bad, problem) => {
  expect(check(bad).join('\n')).toContain(problem);
});

test('the wrong position is told', () => {
  expect(check(SQUAT, ['prone']).join()).toContain('none of the positions prone');
  expect(check(SQUAT, ['standing'])).toEqual([]);
});

test('a picture is made of paths with numbers in them, and tints only what it is asked to', () => {
  const film = openFilm(clip({ props: [['chair', 0], ['dowel'], ['band', 'handR', 'footR'], ['kettlebell', 'hands'], ['barbell'], ['rope']], travel: 60 }));
  const plain = picture(film, 0.7, LIGHT, {});
  for (const op of plain) expect(op.d).not.toMatch(/NaN|undefined/);
  expect(plain.some((op) => op.fill === LIGHT.tint)).toBe(false);
  expect(picture(film, 0.7, LIGHT, { quads: 3 }).some((op) => op.fill === LIGHT.tint && op.d)).toBe(true);
});

test('the muscles and limits are those that there are', () => {
  expect(Object.keys(MUSCLES)).toHaveLength(36);
  for (const pairs of Object.values(LIMITS)) for (const [least, most] of pairs) expect(least).toBeLessThan(most);
});
