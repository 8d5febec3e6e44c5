/** One exercise is judged as a routine with it would be: by the checker, whatever leads to it. */

import type { Rec } from '@/store/types';

import { catalog, testMaker } from '../../test/maker';
import { firstAsk } from './ask';
import { fitOf, notNow, payloadAnywhere, payloadNow } from './fit';
import { payloadOf, type Person } from './payload';

const NOW = new Date(2026, 10, 23, 7, 30);
const NOBODY: Person = { profile: {}, sessions: [], feedback: [], prefs: [], constraints: [], learned: null, consents: false };
const TRAINED = { level: 'trained' };
const rec = (data: Record<string, unknown>, id = 'x'): Rec => ({ id, data });
const against = (slug: string, profile: Record<string, unknown>, person: Partial<Person> = {}): readonly string[] =>
  notNow(catalog, payloadAnywhere({ ...NOBODY, ...person, profile: { ...TRAINED, ...profile } }, catalog, NOW), slug);

test('nothing keeps anything from somebody of whom nothing is known', () => {
  expect(catalog.exercises.filter(({ slug }) => notNow(catalog, payloadAnywhere(NOBODY, catalog, NOW), slug).length > 0)).toEqual([]);
});

test.each([
  ['calf-stretch-wall', { conditions: ['achilles_tendinopathy'] }, 'achilles_tendinopathy: calf_end'],
  ['calf-stretch-wall', { conditions: ['hypermobility'] }, 'hypermobility: static_stretch'],
  ['calf-stretch-wall', { acute_regions: ['ankle'] }, null],
  ['glute-bridge', { constraints: ['no_floor'] }, 'no_floor'],
  ['calf-stretch-wall', { red_flags: ['chest_pain'] }, 'a warning sign'],
  ['calf-stretch-wall', { pain: { ankle: { at: NOW.toISOString(), level: 4 } } }, 'recent pain in the ankle: calf_end'],
] as const)('%s, %j: %s', (slug, profile, because) => {
  const found = against(slug, profile);
  if (because === null) expect(found.every((one) => one.startsWith('injured in the last days: '))).toBe(true);
  else expect(found).toContain(because);
});

test('kit that somebody does not own is named; what every home has, and what nobody asked about, is not', () => {
  const banded = catalog.exercises.find(({ equipment }) => equipment.includes('mini_band'))!;
  expect(against(banded.slug, { equipment: [] })).toContain('not at hand: mini_band');
  expect(against(banded.slug, { equipment: ['mini_band'] })).toEqual([]);
  expect(against(banded.slug, {})).toEqual([]);
  const seated = catalog.exercises.find(({ equipment }) => equipment.length === 1 && equipment[0] === 'chair')!;
  expect(against(seated.slug, { equipment: [] })).toEqual([]);
});

test('what a physio left out, and what is above one’s level, is said', () => {
  const keep = { constraints: [rec({ exercises: ['cat-cow'], until: null })] };
  expect(against('cat-cow', {}, keep)).toEqual(['not wanted']);
  const hard = catalog.exercises.find(({ difficulty }) => difficulty === 5)!;
  expect(against(hard.slug, { level: 'beginner' })).toContain('above your level');
});

test('an exercise that can be done sitting suits somebody who sits; what the catalogue does not have suits nobody', () => {
  const either = catalog.exercises.find(({ positions }) => positions.indexOf('seated_chair') > 0)!;
  expect(against(either.slug, { constraints: ['seated_only'] })).toEqual([]);
  expect(against('from-a-newer-release', {})).toHaveLength(1);
});

test('everything that the generator gives and offers suits the person it was made for', async () => {
  const maker = await testMaker();
  const person = { ...NOBODY, profile: { level: 'recreational', conditions: ['lumbar_disc', 'knee_oa'], equipment: ['mat'], constraints: ['no_jump'] } };
  const payload = payloadOf({ ask: { ...firstAsk(['run_distance'], ['mat', 'chair']), floor: false }, person, catalog, now: NOW, seed: 3 });
  const { routine, instead } = await maker.make(payload);
  const again = payloadNow(payload, person, catalog, NOW);
  for (const slug of [...routine.items.map((item) => item.slug), ...Object.values(instead).flat()]) {
    expect({ slug, against: notNow(catalog, again, slug) }).toEqual({ slug, against: [] });
  }
});

test('a routine under way keeps what it was asked for, and takes what is new of the person', () => {
  const payload = payloadOf({ ask: { ...firstAsk([], ['mat']), floor: false }, person: NOBODY, catalog, now: NOW, seed: 3 });
  const ill = { ...NOBODY, profile: { conditions: ['lumbar_disc'] } };
  expect(payloadNow(payload, ill, catalog, NOW).profile).toMatchObject({ conditions: ['lumbar_disc'], constraints: ['no_floor'], equipment: ['mat'] });
});

describe('a routine under way', () => {
  const payload = payloadOf({ ask: firstAsk(['run_distance'], ['mat']), person: { ...NOBODY, profile: TRAINED }, catalog, now: NOW, seed: 3 });
  const later = (profile: Record<string, unknown>, person: Partial<Person> = {}) =>
    fitOf(catalog, payload, { ...NOBODY, ...person, profile: { ...TRAINED, ...profile } }, NOW);

  test('hears of a condition, of a physio’s word, and of a thumb that went down', () => {
    expect(later({}).against('calf-stretch-wall')).toEqual([]);
    expect(later({ conditions: ['achilles_tendinopathy'] }).against('calf-stretch-wall')).toEqual(['achilles_tendinopathy: calf_end']);
    expect(later({}, { constraints: [rec({ exercises: ['cat-cow'], until: null })] }).against('cat-cow')).toEqual(['not wanted']);
    expect(later({}, { prefs: [rec({ rating: -1 }, 'cat-cow')] }).against('cat-cow')).toEqual(['not wanted']);
  });

  test('is not told twice of pain that the player asked about, but nothing comes in against it', () => {
    const hurt = later({ pain: { ankle: { at: NOW.toISOString(), level: 4 } } });
    expect(hurt.against('calf-stretch-wall')).toEqual([]);
    expect(hurt.suits('calf-stretch-wall')).toBe(false);
    expect(hurt.suits('wall-slide')).toBe(true);
  });

  test('keeps what did not suit when it began: that was somebody’s own choice', () => {
    const banded = catalog.exercises.find(({ equipment }) => equipment.includes('mini_band'))!;
    expect(later({}).against(banded.slug)).toEqual([]);
    expect(later({}).suits(banded.slug)).toBe(false);
  });
});
