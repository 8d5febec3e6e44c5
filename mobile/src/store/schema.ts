/** The tables of the phone's database, by version. */

import type { Connection } from './db';

/**
 * What each version adds to the one before. A released one is never changed: phones hold it.
 *
 * `document` is the catalogue release that the person sees, `staged` collects pages of the next one; `base` is the server's copy of the
 * account's records at a complete checkpoint, `base_staged` the pages of the next; `outbox` is what was written here; `burnt` are
 * stamps that were given up; `meta` is what the engine remembers, `local` what screens do.
 */
export const VERSIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE document (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL,
      digest TEXT NOT NULL, PRIMARY KEY (collection, id)) WITHOUT ROWID`,
    `CREATE TABLE staged (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, deleted INTEGER NOT NULL,
      data TEXT, digest TEXT, PRIMARY KEY (collection, id)) WITHOUT ROWID`,
    `CREATE TABLE base (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, deleted INTEGER NOT NULL,
      data TEXT, digest TEXT, hlc TEXT, PRIMARY KEY (collection, id)) WITHOUT ROWID`,
    `CREATE TABLE base_staged (collection TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, deleted INTEGER NOT NULL,
      data TEXT, digest TEXT, hlc TEXT, PRIMARY KEY (collection, id)) WITHOUT ROWID`,
    `CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, id TEXT NOT NULL, fields TEXT,
      hlc TEXT NOT NULL UNIQUE, state TEXT NOT NULL, fill INTEGER NOT NULL DEFAULT 0, again INTEGER NOT NULL DEFAULT 0,
      sent INTEGER NOT NULL DEFAULT 0, status TEXT, seq INTEGER, error TEXT, acked_at INTEGER)`,
    `CREATE INDEX outbox_state ON outbox (state, hlc)`,
    `CREATE INDEX outbox_record ON outbox (collection, id, hlc)`,
    `CREATE TABLE burnt (hlc TEXT PRIMARY KEY) WITHOUT ROWID`,
    `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE local (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
  ],
];

/** Written by a newer version of the app: this one must not touch it. */
export class NewerDatabase extends Error {}

/** Bring the database to the newest version. Throws NewerDatabase. */
export async function prepare(connection: Connection, versions = VERSIONS): Promise<void> {
  // Acknowledged means on the disk: the default of some builds would lose the last transactions with the power.
  await connection.execAsync('PRAGMA synchronous = FULL');
  const [row] = await connection.getAllAsync<{ user_version: number }>('PRAGMA user_version', []);
  const version = row?.user_version ?? 0;
  if (version > versions.length) {
    throw new NewerDatabase(`the database is of version ${version}, this app knows ${versions.length}; update the app`);
  }
  if (version === versions.length) return;
  // Tables and version in one transaction: an app killed here begins again where it was.
  const steps = versions.slice(version).flat();
  try {
    await connection.execAsync(['BEGIN IMMEDIATE', ...steps, `PRAGMA user_version = ${versions.length}`, 'COMMIT'].join(';\n'));
  } catch (error) {
    await connection.execAsync('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
