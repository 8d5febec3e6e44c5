/** Answers of the store that screens share and that stay true: read once, read again when something of theirs changes. */

import type { Store } from './types';

export interface Live<T> {
  /** undefined until the first answer. */
  value(): T | undefined;
  subscribe(listener: () => void): () => void;
  /** Once the answer is the one after all changes so far. */
  settled(): Promise<void>;
}

const held = new WeakMap<Store, Map<string, Live<unknown>>>();

/**
 * The live answer called `name`, read by `load`, which concerns what the store's listeners are told as `topic`. It is read anew
 * while somebody listens, and kept for the next screen while it is true.
 */
export function live<T>(store: Store, topic: string, name: string, load: () => Promise<T>): Live<T> {
  let answers = held.get(store);
  if (answers === undefined) {
    answers = new Map();
    held.set(store, answers);
  }
  const key = `${topic}\n${name}`;
  const found = answers.get(key) ?? made(store, topic, load);
  answers.set(key, found);
  return found as Live<T>;
}

function made(store: Store, topic: string, load: () => Promise<unknown>): Live<unknown> {
  const listeners = new Set<() => void>();
  let answer: unknown;
  let stale = true;
  let asked = 0;
  let under: Promise<void> = Promise.resolve();
  const read = async (): Promise<void> => {
    const mine = (asked += 1);
    stale = false;
    const value = await load();
    // A later question's answer is newer, whichever comes first.
    if (mine !== asked) return;
    answer = value;
    for (const listener of [...listeners]) listener();
  };
  const ask = (): void => {
    // A closed store gives no more answers; the last one stays on the screen.
    under = read().catch(() => { stale = true; });
  };
  store.subscribe((changed) => {
    if (!changed.has(topic)) return;
    stale = true;
    if (listeners.size > 0) return ask();
    // Nobody looks: the next screen waits for what is true now, also if an answer is under way.
    asked += 1;
    answer = undefined;
  });
  return {
    value: () => answer,
    settled: () => under,
    subscribe: (listener) => {
      listeners.add(listener);
      if (stale) ask();
      return () => void listeners.delete(listener);
    },
  };
}
