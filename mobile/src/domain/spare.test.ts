import { readCatalog, type StoredDocument } from '@/generator/catalog';

import bundled from '../../assets/models/catalog.json';
import { begin } from './play';
import { hurtingRegions, inPlaceOf, regionsOf, standIns, workBounds, worksRegion } from './spare';
import { PLANNED_PACE, secondsOf } from './timeline';

const { documents, release } = bundled as unknown as { documents: StoredDocument[]; release: number };
const CATALOG = readCatalog(documents, release);
const REGIONS = [...CATALOG.vocabulary.get('regions')!.keys()];
const SLUGS = CATALOG.exercises.map(({ slug }) => slug);
const planned = (slug: string, seconds = 40) => ({
  slug, phase: 'mobilise', position: 'standing', reps: null, sets: 1, work_s_per_side: seconds, sides: 1, rest_s: 0,
  transition_s: 8,
});
const items = (...slugs: string[]) => begin('id', '', slugs.map((slug, origin) => ({ ...planned(slug), origin })), PLANNED_PACE).items;

test('every exercise works some region, and every region has exercises that spare it', () => {
  for (const exercise of CATALOG.exercises) {
    if (exercise.type === 'breathing') continue;
    expect({ slug: exercise.slug, regions: regionsOf(CATALOG, exercise).size > 0 }).toEqual({ slug: exercise.slug, regions: true });
  }
  for (const region of REGIONS) {
    const sparing = SLUGS.filter((slug) => !worksRegion(CATALOG, slug, region));
    expect(sparing.length).toBeGreaterThan(60);
    expect(sparing.length).toBeLessThan(SLUGS.length);
  }
});

test('a joint that hurts is spared by its muscles, its moves, its strains and its jolts', () => {
  expect(worksRegion(CATALOG, 'calf-stretch-wall', 'ankle')).toBe(true);
  expect(worksRegion(CATALOG, 'calf-stretch-wall', 'neck')).toBe(false);
  const hops = CATALOG.exercises.filter(({ hazards }) => hazards.includes('impact'));
  expect(hops.every(({ slug }) => worksRegion(CATALOG, slug, 'knee'))).toBe(true);
});

test('what nobody knows is taken to work everything', () => {
  expect(worksRegion(CATALOG, 'from-a-newer-release', 'neck')).toBe(true);
  expect(inPlaceOf(CATALOG, planned('a-march'), 'from-a-newer-release')).toBeNull();
});

test('a stand-in has both sides where it needs them, keeps to its type, and takes no longer', () => {
  for (const slug of SLUGS) {
    const before = planned('a-march', 60);
    const after = inPlaceOf(CATALOG, before, slug)!;
    const [least, most] = workBounds(CATALOG, slug);
    expect(after.work_s_per_side).toBeGreaterThanOrEqual(least);
    expect(after.work_s_per_side).toBeLessThanOrEqual(most);
    expect(after.sides).toBe(CATALOG.exercises[CATALOG.places.get(slug)!]!.laterality === 'unilateral' ? 2 : 1);
    expect(secondsOf(after)).toBeLessThanOrEqual(secondsOf(before));
  }
});

test('stand-ins spare what hurts, are not in the session yet, and keep the order of what the generator offered', () => {
  const offered = SLUGS.filter((slug) => CATALOG.exercises[CATALOG.places.get(slug)!]!.phases.includes('mobilise'));
  const session = items('calf-stretch-wall', offered[0]!);
  const found = standIns(CATALOG, 'mobility', { mobilise: offered }, session, session[0]!, ['ankle']);
  expect(found.length).toBeGreaterThan(5);
  expect(found.some((slug) => worksRegion(CATALOG, slug, 'ankle'))).toBe(false);
  expect(found).not.toContain(offered[0]);
  expect(found).toEqual(offered.filter((slug) => found.includes(slug)));
  expect(standIns(CATALOG, 'mobility', {}, session, session[0]!, [])).toEqual([]);
});

test('a warm-up is never handed a long hold in the place of movement', () => {
  const session = items('a-march');
  const found = standIns(CATALOG, 'warmup', { mobilise: SLUGS }, session, session[0]!, []);
  const types = new Set(found.map((slug) => CATALOG.exercises[CATALOG.places.get(slug)!]!.type));
  expect([...types].filter((type) => ['static_stretch', 'pnf_stretch', 'breathing'].includes(type))).toEqual([]);
});

test('regions that hurt are named once', () => {
  const [first, second] = items('a-march', 'a-skip');
  expect(hurtingRegions([{ ...first!, regions: ['knee'] }, { ...second!, regions: ['knee', 'hip'] }])).toEqual(['knee', 'hip']);
});
