/** Which rules of the catalogue's evidence stand behind a type of exercise, and how sure they are. */

import type { Catalog, Entry } from '@/generator/catalog';

/** An entry of the vocabulary `rules` (evidence.md): the grade is of the evidence, the confidence of its reading. */
export interface Rule extends Entry {
  readonly id: string;
  readonly rule: string;
  readonly grade: 'A' | 'B' | 'C';
  readonly confidence: 'F' | 'S' | 'M';
  readonly source: string;
}

/** Of each type: what the dose, the place in the routine and the cautions rest on. */
export const RULES_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  pulse_raiser: ['W02', 'W01', 'C04'],
  dynamic_stretch: ['S05', 'S03'],
  mobility: ['W01', 'F05'],
  activation: ['W01', 'N03'],
  balance: ['O01', 'N03'],
  skill_drill: ['W10'],
  potentiation: ['P02', 'P03'],
  static_stretch: ['F01', 'F02', 'F03', 'F07', 'S01'],
  pnf_stretch: ['F06', 'S04', 'F07'],
  foam_roll: ['C06'],
  breathing: ['C08'],
};

/** Hazards whose rule somebody should know who has none of the conditions. */
const RULES_OF_HAZARD: Readonly<Record<string, string>> = {
  head_below_heart: 'O09', single_leg: 'O02', isometric_hold: 'O08', spine_flex_load: 'O07',
};

/**
 * Rules that are known and whose source was read: confidence M is kept from people until it was re-read (evidence.md).
 * An unknown id (a newer release renamed it) is left out.
 */
export function rulesOf(catalog: Catalog, exercise: { readonly type: string; readonly hazards: readonly string[] }): Rule[] {
  const rules = catalog.vocabulary.get('rules') as ReadonlyMap<string, Rule> | undefined;
  const ids = [
    ...(RULES_OF_TYPE[exercise.type] ?? []),
    ...exercise.hazards.map((code) => RULES_OF_HAZARD[code] ?? ''),
  ];
  return [...new Set(ids)].map((id) => rules?.get(id)).filter((rule): rule is Rule => rule !== undefined && rule.confidence !== 'M');
}

/** Notes of the search that evidence.md was made by, such as "(found)", are not part of a citation. */
export function citations(rule: Rule): string[] {
  return rule.source
    .replace(/\s*\((?:both |record |list )?found[^)]*\)/g, '')
    .split(/;\s+(?=[A-Z])/)
    .map((text) => text.replace(/\s*\((re-read|numbers)[^)]*\)/g, '').trim())
    .filter((text) => text !== '');
}
