/** Opens everything in the order that shows a usable home first: store, words, catalogue; then model, then sync. */

import { openAccount } from '@/auth/account';
import { openPage } from '@/auth/page';
import { serverAddress } from '@/auth/server';
import { openTokens } from '@/auth/tokens';
import { readCatalog, type Catalog } from '@/generator/catalog';
import type { ModelMaker } from '@/generator/open';
import { loadLabels } from '@/i18n/labels';
import { speak } from '@/i18n';
import { openStore } from '@/store';
import type { Store } from '@/store/types';

import type { Limber } from './context';
import { lazyMaker } from './lazyMaker';
import { lazySync, type LazySync } from './lazySync';

export interface Opened {
  readonly limber: Limber;
  readonly sync: LazySync;
  /** Loads the model and starts the sync; call it once the first screen stands. Never throws. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Speaks the language of the person's preferences, with the catalogue's names in it. */
export async function speakPreferred(store: Store): Promise<void> {
  const app = await store.get<{ locale: string | null }>('preferences', 'app');
  await loadLabels(await speak(app?.data.locale));
}

/** The catalogue release in use. */
export async function catalogOf(store: Store): Promise<Catalog> {
  const { documents, release } = await store.catalog();
  return readCatalog(documents, release);
}

/** The database must be ours (store/lock). Throws when the store cannot be opened. */
export async function openLimber(): Promise<Opened> {
  const store = await openStore();
  const server = serverAddress() ?? '';
  const [catalog, account] = await Promise.all([
    catalogOf(store),
    openAccount(store, server, openTokens(server), openPage(server)),
    speakPreferred(store),
  ]);
  const maker = lazyMaker<ModelMaker>(async () => {
    const [{ openMaker }, { device }] = await Promise.all([import('@/generator/open'), import('@/generator/device')]);
    return openMaker(store, device());
  }, () => catalog);
  const sync = lazySync(account.state().kind === 'signed-in');
  return {
    limber: { store, maker, catalog, sync, account },
    sync,
    async start() {
      const loaded = await maker.ready().catch(() => null);
      const { startSync } = await import('@/sync');
      const engine = startSync(store, account.credentials, loaded?.models ?? null);
      sync.become(engine);
      let who = account.state().kind;
      account.subscribe(() => {
        if (account.state().kind === who) return;
        who = account.state().kind;
        // A sync under way began as somebody else: the first call waits for its end, the second is the one.
        void engine.now().then(() => engine.now());
      });
      // The runtime is large: loaded now, so that the first tap does not wait for it.
      void loaded?.warm();
    },
    async close() {
      sync.stop();
      await store.close();
    },
  };
}
