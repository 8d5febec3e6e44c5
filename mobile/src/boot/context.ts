import { createContext, use } from 'react';

import type { Account } from '@/auth/types';
import type { Catalog } from '@/generator/catalog';
import type { ModelMaker } from '@/generator/open';
import type { Store } from '@/store/types';
import type { Sync } from '@/sync/types';

import type { LazyMaker } from './lazyMaker';

/** What every screen stands on. */
export interface Limber {
  readonly store: Store;
  /** Its calls wait for the model by themselves; `phase` says whether it is there. */
  readonly maker: LazyMaker<ModelMaker>;
  readonly catalog: Catalog;
  readonly sync: Sync;
  readonly account: Account;
}

export const LimberContext = createContext<Limber | null>(null);

/** Within a screen: everything is open. Throws outside of `LimberProvider`. */
export function useLimber(): Limber {
  const limber = use(LimberContext);
  if (limber === null) throw new Error('useLimber is for screens within LimberProvider');
  return limber;
}
