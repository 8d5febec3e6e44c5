/** Search by words as people type them: without accents, with slips, by beginnings, in any order. */

/** `Füße`, `Fuesse` and `fusse` become one. Letters and digits only, single spaces. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    // Keyboards without umlauts: `ae`, `oe`, `ue`; also undone in words that never had one, alike on both sides.
    .replace(/([aou])e/g, '$1')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Slips between two words, neighbours swapped counting one (optimal string alignment); more than `most` is `most + 1`. */
export function slips(one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) > most) return most + 1;
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, n) => n);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      let least = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        least = Math.min(least, before[j - 2]! + 1);
      }
      next.push(least);
    }
    [before, row] = [row, next];
    if (Math.min(...row) > most) return most + 1;
  }
  return row[other.length]!;
}

/** Slips that are forgiven: none in short words, where they would mean another word. */
function forgiven(word: string): number {
  if (word.length < 4) return 0;
  return word.length < 8 ? 1 : 2;
}

export interface Findable {
  readonly id: string;
  /** What counts most first: name, then what else describes it. Each text stands for less than the one before. */
  readonly texts: readonly string[];
}

interface Entry {
  readonly id: string;
  readonly words: readonly (readonly string[])[];
}

/** How well a typed word fits a word, 0 (not) to 4 (the same). */
function fit(typed: string, word: string): number {
  if (word === typed) return 4;
  if (word.startsWith(typed)) return 3;
  if (typed.length >= 3 && word.includes(typed)) return 2;
  const most = forgiven(typed);
  if (most === 0) return 0;
  const within = Math.min(slips(typed, word, most), slips(typed, word.slice(0, typed.length), most));
  return within <= most ? 1.5 - within / 2 : 0;
}

/** Measures each different word once a query: there are some hundreds of them in thousands of places. */
export class Finder {
  private readonly entries: readonly Entry[];

  constructor(things: readonly Findable[]) {
    this.entries = things.map(({ id, texts }) => ({ id, words: texts.map((text) => [...new Set(fold(text).split(' '))]) }));
  }

  /** Ids that have every word of the query, best first; all of them, in their order, for an empty one. */
  find(query: string): string[] {
    const typed = fold(query).split(' ').filter((word) => word !== '');
    if (typed.length === 0) return this.entries.map(({ id }) => id);
    const known = typed.map(() => new Map<string, number>());
    const fits = (at: number, word: string): number => {
      let value = known[at]!.get(word);
      if (value === undefined) known[at]!.set(word, value = fit(typed[at]!, word));
      return value;
    };
    const found: { id: string; score: number; place: number }[] = [];
    this.entries.forEach(({ id, words }, place) => {
      let score = 0;
      for (const at of typed.keys()) {
        const best = Math.max(...words.map((list, rank) => Math.max(...list.map((word) => fits(at, word))) / (rank + 1)));
        if (best <= 0) return;
        score += best;
      }
      found.push({ id, score, place });
    });
    return found.sort((a, b) => b.score - a.score || a.place - b.place).map(({ id }) => id);
  }
}
