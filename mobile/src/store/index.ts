/** The phone's own database. On the web, own it first (`lock.ts`): one tab at a time can have it open. */

import { openDatabaseAsync, type SQLiteDatabase } from 'expo-sqlite';

import { storeOver } from './open';
import type { Store } from './types';

export { ChangeError } from './check';
export { NewerDatabase } from './schema';
export type { CatalogCopy, Change, Collection, Fields, Rec, Refusal, Store } from './types';

const FILE = 'limber.db';
/** What a browser says while the page before this one, which is gone, still has the file: some tenths of a second. */
const STILL_HELD = /NoModificationAllowed|createSyncAccessHandle|Access Handle/i;
const TRIES = 50;
const PAUSE_MS = 100;

let opened: Promise<Store> | null = null;

/** The one store of this process, opened at the first call and after a close. Throws NewerDatabase. */
export function openStore(): Promise<Store> {
  const forget = (): void => {
    opened = null;
  };
  opened ??= openFile().then((connection) => storeOver(connection, { onClose: forget })).catch((error: unknown) => {
    forget();
    throw error;
  });
  return opened;
}

async function openFile(): Promise<SQLiteDatabase> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await openDatabaseAsync(FILE);
    } catch (error) {
      if (tries === TRIES || !STILL_HELD.test(String(error))) throw error;
      await new Promise((again) => setTimeout(again, PAUSE_MS));
    }
  }
}
