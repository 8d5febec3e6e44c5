import fc from 'fast-check';

import type { Wording } from '@/generator/decode';

import worded from './de/wording.json';
import wording from './en/wording.json';
import german from './de/catalog.json';
import { reasonTranslator } from './reasons';

const english: Wording = wording;
const deutsch: Wording = worded;
const spoken = { run: 'running', lift: 'lifting and carrying', general: 'everyday movement' };
const gesprochen = { run: german.spoken.run_distance, lift: german.spoken.manual_work, general: german.spoken.general };
const translate = reasonTranslator({ wording: english, spoken, and: ' and ' }, { wording: deutsch, spoken: gesprochen, and: ' und ' });

/** Starts and whys under their names in the tables. */
const starts = [...Object.keys(wording.by_type).map((type) => ['by_type', type]), ['easy', ''], ['step_up', '']];
const startOf = (table: Wording, [name, type]: readonly string[]): string =>
  (name === 'by_type' ? table.by_type[type!]! : table[name as 'easy' | 'step_up']);
const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  `${template.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!)}.`;

test('every sentence that the model’s words can make comes out in German, with the same things in it', () => {
  const codes = Object.keys(wording.muscles) as (keyof typeof wording.muscles)[];
  const moves = Object.keys(wording.moves) as (keyof typeof wording.moves)[];
  fc.assert(fc.property(
    fc.constantFrom(...starts), fc.constantFrom(...Object.keys(wording.because)),
    fc.uniqueArray(fc.constantFrom(...codes), { minLength: 1, maxLength: 2, selector: (code) => wording.muscles[code] }),
    fc.constantFrom(...moves), fc.constantFrom('run', 'lift', 'general', ''),
    (start, why, muscles, move, activity) => {
      const say = (table: Wording, words: Readonly<Record<string, string>>, and: string): string =>
        fill(startOf(table, start) + table.because[why]!, {
          muscles: [...new Set(muscles.map((code) => table.muscles[code]!))].join(and), moves: table.moves[move]!, activity: words[activity] ?? table.yours,
        });
      expect(translate(say(english, spoken, ' and '))).toBe(say(deutsch, gesprochen, ' und '));
    },
  ), { numRuns: 2000 });
});
