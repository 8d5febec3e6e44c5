/**
 * The routine that is being looked at, shared by home and routine screen. Held in memory so that a tap shows it at once, and
 * kept under the local key `draft`, so that a reload or a kill loses nothing.
 */

import { useCallback, useEffect, useSyncExternalStore } from 'react';

import { useLimber, type Limber } from '@/boot';
import { remembered, type Ask, type AskMemory } from '@/domain/ask';
import { adopt, draftOf, type Draft, type KeptItem } from '@/domain/draft';
import { payloadOf, personOf } from '@/domain/payload';
import type { Routine } from '@/generator/decode';
import { RequestError } from '@/generator/request';
import type { Store } from '@/store/types';

export type Current =
  | { readonly kind: 'loading' } // the store is being asked
  | { readonly kind: 'none' }
  | { readonly kind: 'making' }
  | { readonly kind: 'ready'; readonly draft: Draft; readonly unknown: readonly string[] }
  | { readonly kind: 'impossible'; readonly field: string; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string };

interface Box {
  value: Current;
  /** Grows with every making: an answer that comes late is dropped. */
  turn: number;
  readonly listeners: Set<() => void>;
}

const boxes = new WeakMap<Store, Box>();

function boxOf(store: Store): Box {
  let box = boxes.get(store);
  if (box === undefined) {
    const made: Box = { value: { kind: 'loading' }, turn: 0, listeners: new Set() };
    boxes.set(store, (box = made));
    const read = (): void => {
      const { turn } = made;
      void store.recall<Draft>('draft').then((draft) => {
        if (made.turn === turn && made.value.kind !== 'making') put(made, draft ? { kind: 'ready', draft, unknown: [] } : { kind: 'none' });
      });
    };
    read();
    // Erasing takes the draft away under us.
    store.subscribe((changed) => {
      if (changed.has('local:draft') && made.value.kind === 'ready') {
        void store.recall('draft').then((draft) => draft === undefined && made.value.kind === 'ready' && put(made, { kind: 'none' }));
      }
    });
  }
  return box;
}

function put(box: Box, value: Current): void {
  box.value = value;
  box.listeners.forEach((listener) => listener());
}

export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/** Runs `work` as the making of the current routine; what it throws becomes words. */
async function making(limber: Limber, work: () => Promise<{ draft: Draft; unknown?: readonly string[] }>): Promise<Draft | null> {
  const box = boxOf(limber.store);
  const turn = (box.turn += 1);
  put(box, { kind: 'making' });
  try {
    const { draft, unknown = [] } = await work();
    if (box.turn !== turn) return null;
    put(box, { kind: 'ready', draft, unknown });
    await limber.store.remember('draft', draft);
    return draft;
  } catch (error) {
    if (box.turn !== turn) return null;
    if (error instanceof RequestError) put(box, { kind: 'impossible', field: error.field, detail: error.reason });
    else put(box, { kind: 'failed', detail: error instanceof Error ? error.message : String(error) });
    return null;
  }
}

async function payload(limber: Limber, ask: Ask, seed: number) {
  const person = await personOf(limber.store);
  return payloadOf({ ask, person, catalog: limber.catalog, now: new Date(), seed });
}

/** Makes a routine for `ask`, and remembers what was asked for. */
export function makeRoutine(limber: Limber, ask: Ask, seed = newSeed()): Promise<Draft | null> {
  // A program's wish is the program's: home opens with what the person chose themselves.
  if (ask.program === undefined) void limber.store.recall<AskMemory>('ask').then((memory) => limber.store.remember('ask', remembered(memory, ask)));
  return making(limber, async () => ({ draft: draftOf(await limber.maker.make(await payload(limber, ask, seed)), ask) }));
}

export interface Wanted {
  readonly ask: Ask;
  readonly items: readonly KeptItem[];
  readonly plan?: Partial<Routine> | null;
  readonly routine?: string | null;
  readonly title?: string | null;
  readonly from: NonNullable<Draft['from']>;
}

/** Opens somebody's items for this person now: kept, shared, or of another day. */
export function openRoutine(limber: Limber, wanted: Wanted): Promise<Draft | null> {
  return making(limber, async () => {
    const { ask, items, plan, routine = null, title = null, from } = wanted;
    const made = await limber.maker.make(await payload(limber, ask, newSeed()));
    if (made.routine.status === 'refer') return { draft: draftOf(made, ask) };
    const { draft, unknown } = adopt(limber.catalog, made, items, plan);
    return { draft: { ...draft, ask, routine, title, from }, unknown };
  });
}

export interface CurrentRoutine {
  readonly current: Current;
  /** Puts an edited draft in its place, and keeps it. */
  readonly change: (draft: Draft) => void;
}

export function useCurrent(): CurrentRoutine {
  const { store } = useLimber();
  const box = boxOf(store);
  const current = useSyncExternalStore(
    useCallback((listener: () => void) => {
      box.listeners.add(listener);
      return () => box.listeners.delete(listener);
    }, [box]),
    () => box.value,
    () => box.value,
  );
  const change = useCallback((draft: Draft) => {
    put(box, { kind: 'ready', draft, unknown: [] });
    void store.remember('draft', draft);
  }, [box, store]);
  return { current, change };
}

/**
 * Warms the model up for what is likely to be asked next: the first run of a graph takes longest. Runs once the model is
 * there and again when `ask` changed for good; what it makes is thrown away.
 */
export function useWarmUp(ask: Ask | null): void {
  const limber = useLimber();
  const key = ask === null ? '' : JSON.stringify(ask);
  useEffect(() => {
    if (key === '') return undefined;
    const soon = setTimeout(() => {
      void limber.maker.ready()
        .then(async () => limber.maker.make(await payload(limber, JSON.parse(key) as Ask, 0)))
        .catch(() => undefined); // told when it is asked for
    }, 400);
    return () => clearTimeout(soon);
  }, [limber, key]);
}
