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

test.each([
  ['an unknown joint', clip({ keys: [{ tail: 20 }] }), 'there is no joint tail'],
  ['an unknown pose', clip({ base: 'flying' }), 'there is no base pose flying'],
  ['an unknown place', clip({ keys: [{ handR: 'pocket' }] }), 'there is no place pocket'],
  ['an unknown prop', clip({ props: [['trampoline']] }), 'there is no prop trampoline'],
  ['a joint past its limit', clip({ keys: [{ kneeR: 190, footR: null }] }), 'kneeR[0] is 190'],
  ['a leg in the floor', clip({ keys: [{ footR: [20, -12, 9] }] }), 'below the floor'],
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
