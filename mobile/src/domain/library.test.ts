import { readFileSync } from 'node:fs';
import path from 'node:path';

import { readCatalog, type StoredDocument } from '@/generator/catalog';
import german from '@/i18n/de/catalog.json';
import english from '@/i18n/en/catalog.json';
import { ENGLISH, labelsOf } from '@/i18n/words';

import { guideOf, guideWords, variants } from './content';
import { citations, RULES_OF_TYPE, rulesOf, type Rule } from './evidence';
import { Finder, fold, slips } from './find';
import { all, described, findable, keptOut, leftOutFor, narrowed, NO_FILTER, passes } from './library';

const file = path.join(__dirname, '../../assets/models/catalog.json');
const { documents, release } = JSON.parse(readFileSync(file, 'utf8')) as { documents: StoredDocument[]; release: number };
const catalog = readCatalog(documents, release);
const labels = labelsOf(catalog, { ...ENGLISH, catalog: english });
const deutsch = labelsOf(catalog, { language: 'de', catalog: german });
const finder = new Finder(all(catalog).map((exercise) => findable(exercise, labels, deutsch)));
const names = (slugs: string[]): string[] => slugs.map((slug) => described(catalog, slug)!.name.toLowerCase());

describe('search', () => {
  test('folds accents, sharp s and the spelling of a keyboard without them', () => {
    expect(fold('Füße')).toBe(fold('Fuesse'));
    expect(fold('  Cat–Cow! ')).toBe('cat cow');
  });

  test('counts swapped neighbours as one slip and gives up early', () => {
    expect(slips('hamstring', 'hamstrign', 2)).toBe(1);
    expect(slips('cat', 'dogfish', 2)).toBe(3);
    expect(slips('', 'ab', 2)).toBe(2);
  });

  test.each(['hamstrng stretch', 'stretch hamstring', 'HAMSTRING STR'])('finds a hamstring stretch by %j', (query) => {
    expect(names(finder.find(query)).slice(0, 5).join()).toContain('hamstring');
  });

  test('a name that says it comes before one that merely works it', () => {
    expect(names(finder.find('calf'))[0]).toContain('calf');
  });

  test('finds by German words, also as typed without umlauts', () => {
    const found = finder.find('Waden Wand');
    expect(found.length).toBeGreaterThan(0);
    expect(finder.find('Huefte').length).toBe(finder.find('Hüfte').length);
  });

  test('an exercise is found first, or nearly, by its own name', () => {
    for (const exercise of all(catalog).filter((_, n) => n % 4 === 0)) expect(finder.find(exercise.name).slice(0, 3)).toContain(exercise.slug);
  });

  test('nothing typed shows all, nonsense shows none', () => {
    expect(finder.find('  ')).toHaveLength(all(catalog).length);
    expect(finder.find('qqqqqqxz')).toEqual([]);
  });
});

describe('filters', () => {
  const shown = (over: object, prefs = new Map(), kit: string[] = []): string[] => all(catalog)
    .filter((exercise) => passes(catalog, exercise, { ...NO_FILTER, ...over }, prefs, '2026-01-09', kit)).map(({ slug }) => slug);

  test('each narrows, and none shows all', () => {
    expect(shown({})).toHaveLength(335);
    expect(narrowed(NO_FILTER)).toBe(0);
    expect(narrowed({ ...NO_FILTER, types: ['balance'], hardest: 2 })).toBe(2);
    for (const slug of shown({ types: ['balance'], hardest: 2 })) {
      expect(described(catalog, slug)).toMatchObject({ type: 'balance' });
      expect(described(catalog, slug)!.difficulty).toBeLessThanOrEqual(2);
    }
    for (const slug of shown({ regions: ['ankle'] })) {
      expect(described(catalog, slug)!.primary_muscles.some((m) => catalog.vocabulary.get('muscles')!.get(m)!.region === 'ankle')).toBe(true);
    }
  });

  test('what needs a barbell is not in my kit until I own one', () => {
    const without = shown({ only: 'my_kit' });
    const having = shown({ only: 'my_kit' }, new Map(), ['barbell']);
    expect(having.length).toBeGreaterThan(without.length);
    expect(shown({ equipment: ['none'] })).toEqual(without);
  });

  test('favourites, and what was kept out and for how long', () => {
    const prefs = new Map([['a-march', { favourite: true }], ['cat-cow', { excluded: true, until: '2026-01-08' }]]);
    expect(shown({ only: 'favourite' }, prefs)).toEqual(['a-march']);
    expect(shown({ only: 'kept_out' }, prefs)).toEqual([]);
    expect(keptOut({ excluded: true, until: '2026-01-09' }, '2026-01-09')).toBe(true);
    expect(keptOut({ excluded: true, until: null }, '2026-01-09')).toBe(true);
    expect(keptOut({ rating: -1, excluded: false }, '2026-01-09')).toBe(true);
    expect(keptOut({ excluded: false, until: '2027-01-01' }, '2026-01-09')).toBe(false);
    expect(keptOut(undefined, '2026-01-09')).toBe(false);
  });
});

test('every guide leads to exercises that are there, and every hazard has its note', () => {
  for (const { slug, hazards } of all(catalog)) {
    const guide = guideOf(catalog, slug)!;
    for (const other of [guide.easier, guide.harder]) expect(other === null || catalog.places.has(other)).toBe(true);
    for (const language of ['en', 'de']) {
      const words = guideWords(guide, language)!;
      expect(words).toBe(guide.text[language]);
      expect({ slug, without: hazards.filter((code) => words.safety[code] === undefined) }).toEqual({ slug, without: [] });
    }
  }
});

test('a link to an exercise that this release dropped is not shown, and a language without words has English', () => {
  const { slug } = all(catalog)[0]!;
  const guide = { ...guideOf(catalog, slug)!, easier: 'gone', harder: null };
  const other = { ...catalog, beside: { ...catalog.beside, guide: new Map([[slug, guide]]) } };
  expect(variants(other, slug)).toEqual({ easier: null, harder: null });
  expect(guideWords(guide, 'fr')).toBe(guide.text.en);
  expect(guideWords(undefined, 'en')).toBeUndefined();
});

describe('evidence', () => {
  test('every type has a rule with a citation that was read', () => {
    for (const type of catalog.vocabulary.get('types')!.keys()) {
      const rules = rulesOf(catalog, { type, hazards: [] });
      expect(rules.length).toBeGreaterThan(0);
      for (const rule of rules) {
        expect(citations(rule).length).toBeGreaterThan(0);
        expect(citations(rule).join()).not.toMatch(/found/);
      }
    }
  });

  test('every rule named here is in the catalogue', () => {
    const rules = catalog.vocabulary.get('rules')!;
    for (const id of Object.values(RULES_OF_TYPE).flat()) expect(rules.has(id)).toBe(true);
  });

  test('a rule whose source was not read again is not shown', () => {
    const doubtful = [...catalog.vocabulary.get('rules')!.values()] as unknown as Rule[];
    expect(doubtful.some(({ confidence }) => confidence === 'M')).toBe(true);
    for (const type of catalog.vocabulary.get('types')!.keys()) {
      expect(rulesOf(catalog, { type, hazards: [...catalog.vocabulary.get('hazards')!.keys()] }).some((r) => r.confidence === 'M')).toBe(false);
    }
  });

  test('a rule lists its sources apart', () => {
    expect(citations({ source: 'Garber 2011; Sharman 2006 Sports Med 36:929-939 (found)' } as Rule))
      .toEqual(['Garber 2011', 'Sharman 2006 Sports Med 36:929-939']);
  });

  test('conditions that keep an exercise out follow its hazards', () => {
    const onOneLeg = all(catalog).find((exercise) => exercise.hazards.includes('single_leg'))!;
    expect(leftOutFor(catalog, onOneLeg)).toContain('fall_risk');
  });
});
