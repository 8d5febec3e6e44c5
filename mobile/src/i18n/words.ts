/** Names of the catalogue's codes and exercises in somebody's language. Pure: no React, no loading. */

import type { Catalog, Entry, Exercise } from '@/generator/catalog';
import type { Wording } from '@/generator/decode';

import { reasonTranslator } from './reasons';

export type LabelKind =
  | 'muscles' | 'conditions' | 'activities' | 'regions' | 'equipment' | 'red_flags' | 'constraints' | 'positions'
  | 'phases' | 'types' | 'kinds' | 'hazards' | 'moves' | 'warnings' | 'laterality' | 'rules';

/** Words of one language: `catalog.json`, plain where the catalogue's own label is a textbook's. */
export type CatalogWords = Readonly<Partial<Record<LabelKind, Readonly<Record<string, string>>>>> & {
  /** Activities as one says them within a sentence. */
  readonly spoken?: Readonly<Record<string, string>>;
  /** Sentences around the codes of `left_out`. */
  readonly because?: Readonly<Record<string, string>>;
};

/** Slug to [name, cue]. */
export type ExerciseWords = Readonly<Record<string, readonly string[]>>;

export interface Words {
  readonly language: string;
  readonly catalog: CatalogWords;
  readonly exercises: ExerciseWords;
  /** The words that reasons are made of, the model's English ones and these; absent where English is spoken. */
  readonly reasons?: { readonly from: Wording; readonly to: Wording; readonly and: string };
}

export interface Labels {
  readonly language: string;
  /** Name of a code; a code that nothing names comes back readable, never empty. */
  label(kind: LabelKind, code: string): string;
  exercise(slug: string): { readonly name: string; readonly cue: string };
  /** Why an exercise was left out, from the routine's own words such as `lumbar_disc: spine_flex_end`. */
  because(text: string): string;
  /** Why an item is there, from the routine's English sentence; one that was made of other words stays as it is. */
  reason(text: string): string;
}

export const ENGLISH: Words = { language: 'en', catalog: {}, exercises: {} };

/** `hip_flexors` as it would be read aloud. */
export function readable(code: string): string {
  const words = code.replace(/[_.-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function own<T>(from: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return from !== undefined && Object.hasOwn(from, key) ? from[key] : undefined;
}

/** Newer releases name exercises that this app has no words for: they keep the catalogue's English. */
export function labelsOf(catalog: Catalog, words: Words): Labels {
  const labelled = (kind: LabelKind, code: string): string | undefined => {
    if (kind === 'activities') return catalog.activities.get(code)?.label;
    if (kind === 'conditions') return (catalog.conditions.get(code) as Entry | undefined)?.label;
    const entry = catalog.vocabulary.get(kind)?.get(code);
    return kind === 'rules' ? (entry as { rule?: string } | undefined)?.rule : entry?.label;
  };
  const label = (kind: LabelKind, code: string): string =>
    own(words.catalog[kind], code) ?? labelled(kind, code) ?? readable(code);
  return {
    language: words.language,
    label,
    exercise: (slug) => {
      const [name, cue] = own(words.exercises, slug) ?? [];
      const place = catalog.places.get(slug);
      const known = place === undefined ? undefined : (catalog.exercises[place] as Exercise & { name?: string });
      return { name: name ?? known?.name ?? readable(slug), cue: cue ?? known?.cue ?? '' };
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

/** The forms that decode.ts writes: `condition: hazard or type`, a region injured of late, reported pain, constraints. */
function becauseOf(
  text: string, label: Labels['label'], sentences: Readonly<Record<string, string>>, catalog: Catalog,
): string {
  const say = (key: string, values: Readonly<Record<string, string>>): string =>
    (own(sentences, key) ?? '{what}').replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  const [cause, effect] = text.split(': ', 2);
  if (cause === 'injured in the last days' && effect !== undefined) return say('acute', { what: label('regions', effect) });
  if (text === 'you reported pain') return say('pain', { what: text });
  if (effect !== undefined && cause !== undefined) {
    const kind = catalog.vocabulary.get('hazards')?.has(effect) === true ? 'hazards' : 'types';
    return say('condition', { what: label('conditions', cause), hazard: label(kind, effect) });
  }
  if (text === 'condition' || text === 'constraint') return say('wish', { what: readable(text) });
  return text.split(', ').map((code) => label('constraints', code)).join(', ');
}
