/** What screens ask of the store, live: they draw again when an answer changes, whoever changed it. */

import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';

import { live, type Live } from './live';
import type { Collection, Fields, Rec, Refusal, Store } from './types';

const StoreContext = createContext<Store | null>(null);

/** Gives the opened store to the hooks below. */
export const StoreProvider = StoreContext.Provider;

/** Throws outside of a StoreProvider. */
export function useStore(): Store {
  const store = useContext(StoreContext);
  if (store === null) throw new Error('there is no StoreProvider around this');
  return store;
}

/** The live records of a collection, by id; undefined while they are read. */
export function useRecords<T = Fields>(collection: Collection): readonly Rec<T>[] | undefined {
  const store = useStore();
  return useLive(live(store, collection, '*', () => store.list<T>(collection)));
}

/** One record; null when there is none, undefined while it is read. */
export function useRecord<T = Fields>(collection: Collection, id: string): Rec<T> | null | undefined {
  const store = useStore();
  return useLive(live(store, collection, id, () => store.get<T>(collection, id)));
}

/** What the server would not take; undefined while it is read. */
export function useRefusals(): readonly Refusal[] | undefined {
  const store = useStore();
  return useLive(live(store, 'refusals', '', () => store.refusals()));
}

export interface LocalState<T> {
  readonly loading: boolean;
  /** undefined while it is read, and where nothing is kept. */
  readonly value: T | undefined;
  readonly set: (value: T | undefined) => Promise<void>;
}

/** What is kept on this device under a key. */
export function useLocalState<T>(key: string): LocalState<T> {
  const store = useStore();
  // A box, so that "nothing is kept" is told apart from "not read yet".
  const answer = live(store, `local:${key}`, '', async () => ({ value: await store.recall<T>(key) }));
  const box = useLive(answer);
  const set = useCallback(
    async (value: T | undefined) => {
      await (value === undefined ? store.forget(key) : store.remember(key, value));
      // Whoever goes on to another screen after this finds it there at its first look.
      await answer.settled();
    },
    [store, key, answer],
  );
  return { loading: box === undefined, value: box?.value, set };
}

/** The same without the loading. */
export function useLocal<T>(key: string): readonly [T | undefined, (value: T | undefined) => Promise<void>] {
  const { value, set } = useLocalState<T>(key);
  return [value, set];
}

function useLive<T>(answer: Live<T>): T | undefined {
  return useSyncExternalStore(answer.subscribe, answer.value, answer.value);
}
