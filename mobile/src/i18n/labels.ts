/**
 * `useLabels()` in screens. `loadLabels(language)` belongs before the first screen and into a change of language, so that
 * no English flashes by; a screen that comes too early shows English and is told when the words are there.
 */

import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot/context';

import { ENGLISH, labelsOf, type Labels, type Words } from './words';

export type { LabelKind, Labels } from './words';

/** Each language is a chunk of its own on the web. */
const LOADERS: Readonly<Record<string, () => Promise<Words>>> = {
  en: async () => ({ ...ENGLISH, catalog: (await import('./en/catalog.json')).default }),
  de: async () => {
    const [catalog, from, to] = await Promise.all([import('./de/catalog.json'), import('./en/wording.json'), import('./de/wording.json')]);
    return { language: 'de', catalog: catalog.default, reasons: { from: from.default, to: to.default, and: ' und ' } };
  },
};

const loaded = new Map<string, Words>();
const waiting = new Map<string, Promise<void>>();
const listeners = new Set<() => void>();

function base(language: string): string {
  const [code] = language.toLowerCase().split('-');
  return code !== undefined && code in LOADERS ? code : 'en';
}

/** Resolves when the words of a language are there; a language that is not known has the English ones. */
export function loadLabels(language: string): Promise<void> {
  const code = base(language);
  const known = waiting.get(code);
  if (known !== undefined) return known;
  const promise = LOADERS[code]!().then(
    (words) => {
      loaded.set(code, words);
      listeners.forEach((listener) => listener());
    },
    (error: unknown) => {
      waiting.delete(code); // offline before the chunk was ever cached: the next screen asks again
      throw error;
    },
  );
  waiting.set(code, promise);
  return promise;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLabels(): Labels {
  const { catalog } = useLimber();
  const { i18n } = useTranslation();
  const code = base(i18n.resolvedLanguage ?? i18n.language ?? 'en');
  const words = useSyncExternalStore(subscribe, () => loaded.get(code), () => loaded.get(code));
  useEffect(() => {
    loadLabels(code).catch(() => undefined);
  }, [code]);
  return useMemo(() => labelsOf(catalog, words ?? ENGLISH), [catalog, words]);
}

/** The labels of the language that is not spoken, once `wanted`; null until they are there. For searches. */
export function useOtherLabels(wanted: boolean): Labels | null {
  const { catalog } = useLimber();
  const { i18n } = useTranslation();
  const code = base(i18n.resolvedLanguage ?? i18n.language ?? 'en') === 'de' ? 'en' : 'de';
  const words = useSyncExternalStore(subscribe, () => loaded.get(code), () => loaded.get(code));
  useEffect(() => {
    if (wanted) loadLabels(code).catch(() => undefined);
  }, [code, wanted]);
  return useMemo(() => (words === undefined ? null : labelsOf(catalog, words)), [catalog, words]);
}
