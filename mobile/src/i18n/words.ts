/** Names of the catalogue's codes and exercises in somebody's language. Pure: no React, no loading. */

import { aboutOf, guideOf, type AboutWords } from '@/domain/content';
import type { Catalog, Entry, Exercise } from '@/generator/catalog';
import type { Wording } from '@/generator/decode';

import { reasonTranslator } from './reasons';

export type LabelKind =
  | 'muscles' | 'conditions' | 'activities' | 'regions' | 'equipment' | 'red_flags' | 'constraints' | 'positions'
  | 'phases' | 'types' | 'kinds' | 'hazards' | 'moves' | 'warnings' | 'laterality' | 'rules';

/** Kinds that the catalogue itself names in every language, and explains. */
const ABOUT = {
  activities: 'activity', conditions: 'condition', hazards: 'hazard', constraints: 'constraint', red_flags: 'red_flag', rules: 'rule',
} as const;
export type AboutKind = keyof typeof ABOUT;

/** Words of one language: `catalog.json`, plain where the catalogue's own label is a textbook's. */
export type CatalogWords = Readonly<Partial<Record<LabelKind, Readonly<Record<string, string>>>>> & {
  /** Activities as one says them within a sentence. */
  readonly spoken?: Readonly<Record<string, string>>;
  /** Sentences around the codes of `left_out`. */
  readonly because?: Readonly<Record<string, string>>;
};

export interface Words {
  readonly language: string;
  readonly catalog: CatalogWords;
  /** The words that reasons are made of, the model's English ones and these; absent where English is spoken. */
  readonly reasons?: { readonly from: Wording; readonly to: Wording; readonly and: string };
}

export interface Labels {
  readonly language: string;
  /** Name of a code; a code that nothing names comes back readable, never empty. */
  label(kind: LabelKind, code: string): string;
  exercise(slug: string): { readonly name: string; readonly cue: string };
  /** What a code means and why we ask; undefined where the catalogue does not say. */
  about(kind: AboutKind, code: string): AboutWords | undefined;
  /** Why an exercise was left out, from the routine's own words such as `lumbar_disc: spine_flex_end`. */
  because(text: string): string;
  /** Why an item is there, from the routine's English sentence; one that was made of other words stays as it is. */
  reason(text: string): string;
}

export const ENGLISH: Words = { language: 'en', catalog: {} };

/** `hip_flexors` as it would be read aloud. */
export function readable(code: string): string {
  const words = code.replace(/[_.-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function own<T>(from: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return from !== undefined && Object.hasOwn(from, key) ? from[key] : undefined;
}

/** Names and cues in other languages than English are in the catalogue's guides; an exercise without one keeps its English. */
export function labelsOf(catalog: Catalog, words: Words): Labels {
  const labelled = (kind: LabelKind, code: string): string | undefined => {
    if (kind === 'activities') return catalog.activities.get(code)?.label;
    if (kind === 'conditions') return (catalog.conditions.get(code) as Entry | undefined)?.label;
    const entry = catalog.vocabulary.get(kind)?.get(code);
    return kind === 'rules' ? (entry as { rule?: string } | undefined)?.rule : entry?.label;
  };
  const about = (kind: AboutKind, code: string): AboutWords | undefined => aboutOf(catalog, ABOUT[kind], code, words.language);
  const label = (kind: LabelKind, code: string): string =>
    (kind in ABOUT ? about(kind as AboutKind, code)?.label : undefined) ?? own(words.catalog[kind], code) ?? labelled(kind, code) ?? readable(code);
  return {
    language: words.language,
    label,
    about,
    exercise: (slug) => {
      const said = own(guideOf(catalog, slug)?.text, words.language);
      const place = catalog.places.get(slug);
      const known = place === undefined ? undefined : (catalog.exercises[place] as Exercise & { name?: string });
      return { name: said?.name ?? known?.name ?? readable(slug), cue: said?.cue ?? known?.cue ?? '' };
    },
    because: (text) => becauseOf(text, label, words.catalog.because ?? {}, catalog),
    reason: reasonOf(catalog, words),
  };
}

function reasonOf(catalog: Catalog, { reasons, catalog: { spoken = {} } }: Words): Labels['reason'] {
  if (reasons === undefined) return (text) => text;
  // As decode.ts says an activity.
  const said = Object.fromEntries([...catalog.activities].map(([code, { spoken: words, label }]) => [code, words || label.split(/[/(,]/)[0]!.trim()]));
  let translate: Labels['reason'] | null = null;
  return (text) => {
    translate ??= reasonTranslator({ wording: reasons.from, spoken: said, and: ' and ' }, { wording: reasons.to, spoken, and: reasons.and });
    return translate(text);
  };
}

/** Forms of one word each, as decode.ts and the checker write them. */
const PLAIN: Readonly<Record<string, string>> = {
  'you reported pain': 'pain', 'above your level': 'level', 'not wanted': 'unwanted', 'two hard sessions': 'strained', 'a warning sign': 'warning',
  condition: 'wish', constraint: 'wish',
};

/** Other forms: `condition: hazard or type`, a region that was injured or hurt of late, kit that is not there, constraints. */
function becauseOf(
  text: string, label: Labels['label'], sentences: Readonly<Record<string, string>>, catalog: Catalog,
): string {
  const say = (key: string, values: Readonly<Record<string, string>>): string =>
    (own(sentences, key) ?? '{what}').replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  const plain = own(PLAIN, text);
  if (plain !== undefined) return say(plain, { what: readable(text) });
  const [cause, effect] = text.split(': ', 2);
  if (cause !== undefined && effect !== undefined) {
    if (cause === 'injured in the last days') return say('acute', { what: label('regions', effect) });
    if (cause === 'not at hand') return say('equipment', { what: effect.split(', ').map((code) => label('equipment', code)).join(', ') });
    if (effect === 'hard effort') return say('effort', { what: label('conditions', cause) });
    const kind = catalog.vocabulary.get('hazards')?.has(effect) === true ? 'hazards' : 'types';
    const region = cause.startsWith(RECENT) ? regionNamed(catalog, cause.slice(RECENT.length)) : undefined;
    return region === undefined
      ? say('condition', { what: label('conditions', cause), hazard: label(kind, effect) })
      : say('recent', { what: label('regions', region), hazard: label(kind, effect) });
  }
  return text.split(', ').map((code) => label('constraints', code)).join(', ');
}

const RECENT = 'recent pain in the ';

/** The region with this label, in small letters. */
function regionNamed(catalog: Catalog, named: string): string | undefined {
  return [...(catalog.vocabulary.get('regions') ?? [])].find(([code, { label = code }]) => label.toLowerCase() === named)?.[0];
}
