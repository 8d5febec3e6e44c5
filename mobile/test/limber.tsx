/** A screen's surroundings in tests: a real store in memory, the bundled catalogue, the words of both languages. */

import { act, render } from '@testing-library/react-native';
import { createInstance, type i18n as I18n } from 'i18next';
import type { ReactElement } from 'react';
import { I18nextProvider, initReactI18next } from 'react-i18next';

import { LimberContext, type Limber } from '@/boot/context';
import { readCatalog, type StoredDocument } from '@/generator/catalog';
import de from '@/i18n/de';
import en from '@/i18n/en';
import { loadLabels } from '@/i18n/labels';
import { StoreProvider } from '@/store/hooks';
import { storeOver } from '@/store/open';
import type { Store } from '@/store/types';

import bundled from '../assets/models/catalog.json';
import { openDatabaseAsync } from './expo-sqlite';
import { ICU } from './icu';

const { documents, release } = bundled as unknown as { documents: StoredDocument[]; release: number };
export const catalog = readCatalog(documents, release);

export interface World {
  readonly store: Store;
  readonly i18n: I18n;
  /** Draws a screen and waits until what it reads is there. */
  show(screen: ReactElement): Promise<void>;
}

/** `maker`: what of it the screen calls. */
export async function openWorld(
  language: 'en' | 'de' = 'en', maker: Partial<Limber['maker']> = {}, shown: Limber['catalog'] = catalog,
): Promise<World> {
  const store = await storeOver(await openDatabaseAsync('limber.db'), { bundled: { digest: 'none', read: async () => ({ release, documents: [] }) } });
  const i18n = createInstance();
  await i18n.use(ICU).use(initReactI18next).init({ lng: language, resources: { en, de }, defaultNS: 'common' });
  await loadLabels(language);
  const limber = {
    store, catalog: shown, maker: { phase: 'ready', model: 'ab'.repeat(32), runtime: 'interpreter', subscribe: () => () => undefined, ...maker },
  } as unknown as Limber;
  return {
    store, i18n,
    async show(screen) {
      render(
        <I18nextProvider i18n={i18n}>
          <StoreProvider value={store}>
            <LimberContext value={limber}>{screen}</LimberContext>
          </StoreProvider>
        </I18nextProvider>,
      );
      await settle();
    },
  };
}

/** Lets the store answer and the screen draw it. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 8; n += 1) await act(async () => new Promise((done) => setImmediate(done)));
}
