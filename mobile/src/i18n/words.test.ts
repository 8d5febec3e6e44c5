import { readFileSync } from 'node:fs';
import path from 'node:path';

import { codes, readCatalog, type StoredDocument } from '@/generator/catalog';
import { readMetadata } from '@/generator/metadata';

import german from './de/catalog.json';
import worded from './de/wording.json';
import english from './en/catalog.json';
import wording from './en/wording.json';
import { ENGLISH, labelsOf, readable, type LabelKind } from './words';

const models = path.join(__dirname, '../../assets/models');
const { documents, release } = JSON.parse(readFileSync(path.join(models, 'catalog.json'), 'utf8')) as {
  documents: StoredDocument[]; release: number;
};
const catalog = readCatalog(documents, release);
const labels = labelsOf(catalog, { ...ENGLISH, catalog: english });
const deutsch = labelsOf(catalog, {
  language: 'de', catalog: german, reasons: { from: wording, to: worded, and: ' und ' },
});

test('plain words come before the label of a textbook', () => {
  expect(labels.label('muscles', 'abs')).toBe('Abs');
  expect(labels.label('equipment', 'band')).toBe('Long resistance band');
  expect(labels.label('rules', 'L04')).toMatch(/^Acceptable pain/);
});

test('a code that nothing names is still readable', () => {
  expect(labels.label('hazards', 'new_thing.x')).toBe('New thing x');
  expect(labels.label('muscles', 'constructor')).toBe('Constructor');
  expect(readable('')).toBe('');
});

test('exercises carry the catalogue’s name and cue where a language has none', () => {
  expect(labels.exercise('a-march')).toEqual({
    name: 'A-march', cue: 'Lift knee and toes together, stand tall, and step down right under your hips.',
  });
  expect(labels.exercise('not-here')).toEqual({ name: 'Not here', cue: '' });
});

test.each([
  ['lumbar_disc: spine_flex_end', 'Slipped disc or pain down the leg: it asks for rounding the back to its end'],
  ['low_back_pain: foam_roll', 'Lower back pain: it asks for Rolling'],
  ['injured in the last days: knee', 'Hurt in the last days: Knee'],
  ['you reported pain', 'You told us that it hurt'],
  ['constraint', 'Not with what you asked for'],
  ['no_floor, no_kneel', 'No floor, No kneeling'],
  ['recent pain in the ankle: calf_end', 'Pain in the last days, Ankle: it asks for ankle bent to its end'],
  ['pregnancy_t23: hard effort', 'Pregnant, from month 4: it is too hard an effort'],
  ['not at hand: band, ball', 'It needs: Long resistance band, Massage ball'],
  ['above your level', 'It is harder than what suits your level'],
])('why something was left out: %s', (text, said) => expect(labels.because(text)).toBe(said));

describe('German', () => {
  const kinds: LabelKind[] = ['muscles', 'moves', 'regions', 'equipment', 'positions', 'phases', 'types', 'kinds', 'laterality', 'warnings'];

  test.each(kinds)('names every code of %s, and none that is not there', (kind) => {
    const known = new Set([...codes(catalog, kind), ...(kind === 'equipment' ? ['none'] : [])]);
    const words = german[kind as keyof typeof german] as Record<string, string>;
    expect(Object.keys(words).sort()).toEqual([...known].sort());
    expect(Object.values(words).filter((text) => text.trim() === '')).toEqual([]);
  });

  test('says every exercise in its own words, short enough to be heard before the half', () => {
    const said = catalog.exercises.map(({ slug }) => ({ slug, ...deutsch.exercise(slug) }));
    for (const { slug, name, cue } of said) {
      expect({ slug, short: name.length > 0 && name.length <= 48 && cue.length > 10 && cue.length <= 110 }).toEqual({ slug, short: true });
      expect(`${slug}: ${cue}`).not.toMatch(/\bSie\b|\bIhre?n?\b/); // du, throughout
    }
    expect(new Set(said.map(({ name }) => name)).size).toBe(catalog.exercises.length);
  });

  test('an exercise without a guide keeps its English', () => {
    const bare = labelsOf({ ...catalog, beside: { ...catalog.beside, guide: new Map() } }, { language: 'de', catalog: german });
    expect(bare.exercise('a-march')).toEqual(labels.exercise('a-march'));
    expect(deutsch.exercise('a-march').name).toBe('A-Lauf im Gehen');
  });

  test('a cue that warns of pain in English does in German', () => {
    for (const { slug, cue } of catalog.exercises) {
      if (/\bpain|\bhurt/i.test(cue ?? '')) expect(`${slug}: ${deutsch.exercise(slug).cue}`).toMatch(/[Ss]chmerz|weh/);
    }
  });

  test.each(['activities', 'conditions', 'hazards', 'constraints', 'red_flags'] as const)('the catalogue itself names and explains every code of %s', (kind) => {
    for (const code of codes(catalog, kind)) {
      const [said, gesagt] = [labels.about(kind, code), deutsch.about(kind, code)];
      expect({ code, said: said?.why, gesagt: gesagt?.why }).toEqual({ code, said: expect.any(String), gesagt: expect.any(String) });
      expect({ code, same: said!.about === gesagt!.about }).toEqual({ code, same: false });
      expect(deutsch.label(kind, code)).toBe(gesagt!.label);
    }
    expect(Object.hasOwn(german, kind) || Object.hasOwn(english, kind)).toBe(false); // said in one place only
  });

  test('a rule is said plainly in both languages', () => {
    expect(labels.label('rules', 'F07')).toBe('Stretch until it feels tight, never until it hurts.');
    expect(deutsch.label('rules', 'F07')).toBe('Dehne, bis es spannt, nie bis es wehtut.');
  });

  test('sentences around codes are the same in both languages', () => {
    expect(Object.keys(german.because).sort()).toEqual(Object.keys(english.because).sort());
    expect(Object.keys(german.spoken).sort()).toEqual([...catalog.activities.keys()].sort());
  });
});

describe('reasons', () => {
  test('the English words are those of the bundled model', () => {
    const metadata = readMetadata(new Uint8Array(readFileSync(path.join(models, 'generator.onnx'))));
    expect(JSON.parse(metadata.get('wording')!)).toEqual(wording);
  });

  test('German has every word that English has', () => {
    const keys = (table: object): string[] => Object.keys(table).sort();
    for (const name of ['because', 'by_type', 'moves', 'muscles'] as const) expect(keys(worded[name])).toEqual(keys(wording[name]));
    for (const name of ['because', 'by_type'] as const) {
      for (const [key, text] of Object.entries(wording[name])) {
        const blanks = (words: string): string[] => [...words.matchAll(/\{\w+\}/g)].map(String).sort();
        expect({ key, blanks: blanks((worded[name] as Record<string, string>)[key]!) }).toEqual({ key, blanks: blanks(text) });
      }
    }
  });

  test.each([
    ['Stretches the calves; they worked hard in running.', 'Dehnt die Waden; Laufen hat sie stark gefordert.'],
    ['Rehearses running itself with the calves and front of the hips; it suits running.', 'Übt schon einmal Laufen und nutzt die Waden und die Hüftbeuger; gut geeignet für Laufen.'],
    ['Loosens the joints around the upper back; golf needs turning the upper back.', 'Lockert die Gelenke rund um die Muskeln des oberen Rückens; Golf braucht das Drehen des oberen Rückens.'],
    ['Slows your breathing down.', 'Macht deinen Atem ruhiger.'],
    ['Wakes up the glutes, in another way than before.', 'Weckt die Gesäßmuskeln auf, auf andere Art als zuvor.'],
    ['Stretches the calves; what you chose asks much of them.', 'Dehnt die Waden; deine Wahl fordert sie stark.'],
  ])('%s', (reason, said) => expect(deutsch.reason(reason)).toBe(said));

  test('a sentence of a newer model stays as it is', () => {
    expect(deutsch.reason('Polishes the elbows.')).toBe('Polishes the elbows.');
    expect(deutsch.reason('Stretches the wings.')).toBe('Stretches the wings.');
    expect(labels.reason('Stretches the calves.')).toBe('Stretches the calves.');
  });
});
