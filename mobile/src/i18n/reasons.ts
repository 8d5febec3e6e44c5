/**
 * The generator writes why an item is there in English, from the words in the model's metadata (`Wording`). Stored plans
 * and plans of the server hold that sentence and nothing else, so another language is made from the sentence: it is taken
 * apart by the English words and put together with the others. One that does not come apart stays as it is.
 */

import type { Wording } from '@/generator/decode';

export interface ReasonWords {
  readonly wording: Wording;
  /** Code of an activity to the words for it within a sentence. */
  readonly spoken: Readonly<Record<string, string>>;
  /** Between two things: ` and `. */
  readonly and: string;
}

type Values = Readonly<Record<string, string>>;

/** Every pairing of a beginning and a why, as pattern and as template. */
interface Form {
  readonly pattern: RegExp;
  readonly template: string;
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function starts(wording: Wording): string[] {
  return [...Object.keys(wording.by_type).sort().map((type) => wording.by_type[type]!), wording.easy, wording.step_up];
}

/** A name once per pattern; named twice, both must be the same. */
function patternOf(template: string): RegExp {
  const seen = new Set<string>();
  const source = template.split(/\{(\w+)\}/).map((part, n) => {
    if (n % 2 === 0) return escape(part);
    if (seen.has(part)) return `\\k<${part}>`;
    seen.add(part);
    return `(?<${part}>.+?)`;
  }).join('');
  return new RegExp(`^${source}$`);
}

function forms(from: Wording, to: Wording): Form[] {
  const [here, there] = [starts(from), starts(to)];
  const whys = Object.keys(from.because).sort((a, b) => from.because[b]!.length - from.because[a]!.length);
  return whys.flatMap((why) => here.map((start, n) => ({
    pattern: patternOf(`${start}${from.because[why]!}.`),
    template: `${there[n]!}${to.because[why] ?? ''}.`,
  })));
}

/** English word back to its code's word: of two codes with one word the first will do, they mean the same here. */
function dictionary(from: Readonly<Record<string, string>>, to: Readonly<Record<string, string>>): Map<string, string> {
  const found = new Map<string, string>();
  for (const [code, word] of Object.entries(from)) {
    if (to[code] !== undefined && !found.has(word)) found.set(word, to[code]);
  }
  return found;
}

/** Gives the sentence in the other language, or the same sentence when it was not made of these words. */
export function reasonTranslator(from: ReasonWords, to: ReasonWords): (reason: string) => string {
  const all = forms(from.wording, to.wording);
  const muscles = dictionary(from.wording.muscles, to.wording.muscles);
  const moves = dictionary(from.wording.moves, to.wording.moves);
  const activities = dictionary({ ...from.spoken, '': from.wording.yours }, { ...to.spoken, '': to.wording.yours });
  const translate = (values: Values): Values | null => {
    const done: Record<string, string> = {};
    for (const [name, value] of Object.entries(values)) {
      const words = name === 'muscles' ? value.split(from.and).map((word) => muscles.get(word))
        : [(name === 'moves' ? moves : activities).get(value)];
      if (words.some((word) => word === undefined)) return null;
      done[name] = [...new Set(words)].join(to.and);
    }
    return done;
  };
  const known = new Map<string, string>();
  const make = (reason: string): string => {
    for (const { pattern, template } of all) {
      const groups = pattern.exec(reason)?.groups;
      const values = pattern.test(reason) ? translate(groups ?? {}) : null;
      if (values !== null) return template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
    }
    return reason;
  };
  return (reason) => {
    let made = known.get(reason);
    if (made === undefined) known.set(reason, made = make(reason));
    return made;
  };
}
