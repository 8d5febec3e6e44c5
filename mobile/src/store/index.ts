/** The phone's own database. On the web, own it first (`lock.ts`): one tab at a time can have it open. */

import { openDatabaseAsync } from 'expo-sqlite';

import { storeOver } from './open';
import type { Store } from './types';

export { ChangeError } from './check';
export { NewerDatabase } from './schema';
export type { CatalogCopy, Change, Collection, Fields, Rec, Refusal, Store } from './types';

const FILE = 'limber.db';

let opened: Promise<Store> | null = null;

/** The one store of this process, opened at the first call and after a close. Throws NewerDatabase. */
export function openStore(): Promise<Store> {
  const forget = (): void => {
    opened = null;
  };
  opened ??= openDatabaseAsync(FILE).then((connection) => storeOver(connection, { onClose: forget })).catch((error: unknown) => {
    forget();
    throw error;
  });
  return opened;
}
