/** The app's screens over a real store and a real maker, with a router that navigates: everything but the network. */

import { Slot } from 'expo-router';
import { renderRouter } from 'expo-router/testing-library';
import type { ComponentType } from 'react';
import { SafeAreaProvider } from 'react-native-safe-area-context';

import type { Account } from '../src/auth/types';
import { LimberContext, type Limber } from '../src/boot/context';
import { lazyMaker } from '../src/boot/lazyMaker';
import type { ModelMaker } from '../src/generator/open';
import { speak } from '../src/i18n';
import { loadLabels } from '../src/i18n/labels';
import { StoreProvider } from '../src/store/hooks';
import { storeOver } from '../src/store/open';
import type { Store } from '../src/store/types';
import type { Sync } from '../src/sync/types';
import { ThemeProvider } from '../src/ui';
import { openDatabaseAsync } from './expo-sqlite';
import { bundled, catalog, testMaker } from './maker';

const INSETS = { frame: { x: 0, y: 0, width: 390, height: 844 }, insets: { top: 0, left: 0, right: 0, bottom: 0 } };

const NOBODY: Account = {
  credentials: { server: '', token: async () => null },
  state: () => ({ kind: 'signed-out' }), subscribe: () => () => undefined,
  signIn: async () => 'cancelled', finish: async () => undefined, signOut: async () => undefined,
  request: async () => { throw new TypeError('offline'); },
};
const SIGNED_OUT = { phase: 'signed-out', waiting: 0, refused: 0, lastAt: null, detail: null } as const;
const NO_SYNC: Sync = { state: () => SIGNED_OUT, subscribe: () => () => undefined, now: async () => SIGNED_OUT, stop: () => undefined };

export interface TestApp {
  readonly limber: Limber;
  readonly store: Store;
  /** The path that is shown. */
  path(): string;
}

export async function testStore(): Promise<Store> {
  return storeOver(await openDatabaseAsync(':memory:'), { bundled: { digest: 'test', read: async () => bundled } });
}

/** Shows `url` of `routes`, a component per file of src/app, in a language. */
export async function renderApp(
  routes: Readonly<Record<string, ComponentType>>, url: string, options: { language?: string; prepare?: (store: Store) => Promise<unknown> } = {},
): Promise<TestApp> {
  const { language = 'en', prepare } = options;
  await loadLabels(await speak(language));
  const store = await testStore();
  await prepare?.(store);
  const limber: Limber = {
    store, catalog, sync: NO_SYNC, account: NOBODY,
    maker: lazyMaker<ModelMaker>(async () => (await testMaker()) as ModelMaker, () => catalog),
  };
  const Layout = (): React.JSX.Element => (
    <SafeAreaProvider initialMetrics={INSETS}>
      <ThemeProvider look={{ reduceMotion: true }}>
        <StoreProvider value={store}>
          <LimberContext value={limber}>
            <Slot />
          </LimberContext>
        </StoreProvider>
      </ThemeProvider>
    </SafeAreaProvider>
  );
  const shown = renderRouter({ _layout: Layout, ...routes }, { initialUrl: url });
  return { limber, store, path: () => shown.getPathname() };
}
