/** The catalogue's tables: the release that the person sees, and the pages of the next one. */

import type { Db, Sql } from './db';
import { recall, remember } from './meta';
import type { CatalogCopy } from './types';

/** As the server sends one; `data` as JSON text. */
export interface DocumentRow {
  readonly collection: string;
  readonly id: string;
  readonly seq: number;
  readonly deleted: boolean;
  readonly data: string | null;
  readonly digest: string | null;
}

/** What is remembered of the release that was let in from the server. */
export interface HeldRelease {
  readonly cursor: string;
  readonly key_id: string;
  readonly epoch: string;
  /** Epochs that this device has left for good. */
  readonly epochs_left: readonly string[];
  readonly release: number;
  readonly digest: string;
  readonly published_at: string;
}

/** How far the next release has come. `source`: snapshot, pages or changes; `resync`: why it begins from nothing. */
export interface Staging {
  readonly full: boolean;
  readonly resync: string | null;
  readonly cursor: string | null;
  readonly source: string | null;
}

interface Bundled {
  readonly release: number;
  readonly digest: string;
}

/** Rows written at once: a phone draws a few frames between two. */
const CHUNK = 100;

/** The release in use. */
export async function readCatalogCopy(sql: Sql): Promise<CatalogCopy> {
  const rows = await sql.all<{ collection: string; id: string; data: string }>(
    'SELECT collection, id, data FROM document ORDER BY collection, id',
  );
  const held = await recall<HeldRelease>(sql, 'catalog');
  const release = held?.release ?? (await recall<Bundled>(sql, 'bundled'))?.release ?? 0;
  return { release, documents: rows.map(({ collection, id, data }) => ({ collection, id, data: JSON.parse(data) as unknown })) };
}

/** Take in the release that came with the app, unless a signed one was synced or this very one is there already. */
export async function importBundled(db: Db, digest: string, read: () => Promise<CatalogCopy>): Promise<void> {
  const known = await db.read(async (sql) => (await recall(sql, 'catalog')) !== undefined
    || (await recall<Bundled>(sql, 'bundled'))?.digest === digest);
  if (known) return;
  const { documents, release } = await read();
  await db.write(async (sql) => {
    await sql.run('DELETE FROM document');
    await sql.run(
      `INSERT INTO document SELECT json_extract(value, '$.collection'), json_extract(value, '$.id'), 0,
        json_extract(value, '$.data'), '' FROM json_each(?)`,
      JSON.stringify(documents.map(({ collection, id, data }) => ({ collection, id, data: JSON.stringify(data) }))),
    );
    await remember(sql, 'bundled', { release, digest } satisfies Bundled);
  });
}

/** Add a page and remember how far the staging has come, together. A row that comes twice keeps its greater seq. */
export async function stageDocuments(db: Db, rows: readonly DocumentRow[], staging: Staging): Promise<void> {
  for (let at = 0; at < rows.length; at += CHUNK) {
    await db.write((sql) => sql.run(
      `INSERT INTO staged SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
        json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]') FROM json_each(?) WHERE 1
        ON CONFLICT (collection, id) DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted, data = excluded.data,
        digest = excluded.digest WHERE excluded.seq >= seq`,
      JSON.stringify(rows.slice(at, at + CHUNK).map((row) => [
        row.collection, row.id, row.seq, row.deleted ? 1 : 0, row.data, row.digest,
      ])),
    ));
  }
  // Killed before this, the rows come again: nothing is lost by having some of them early.
  await db.write((sql) => remember(sql, 'staging', staging));
}

export async function discardStaging(db: Db): Promise<void> {
  await db.write(async (sql) => {
    await sql.run('DELETE FROM staged');
    await remember(sql, 'staging', undefined);
  });
}

type Digest = [collection: string, id: string, digest: string];

/** The digest of each document that the person sees. */
export async function documentDigests(sql: Sql): Promise<Digest[]> {
  const rows = await sql.all<{ collection: string; id: string; digest: string }>('SELECT collection, id, digest FROM document');
  return rows.map(({ collection, id, digest }) => [collection, id, digest]);
}

/** The same as it would be after `applyStaged`. */
export async function stagedDigests(sql: Sql, full: boolean): Promise<Digest[]> {
  const after = new Map<string, Digest>();
  if (!full) for (const entry of await documentDigests(sql)) after.set(`${entry[0]}/${entry[1]}`, entry);
  const rows = await sql.all<{ collection: string; id: string; deleted: number; digest: string }>(
    `SELECT s.collection, s.id, s.deleted, s.digest FROM staged s
      LEFT JOIN document d ON d.collection = s.collection AND d.id = s.id WHERE ? OR d.seq IS NULL OR s.seq >= d.seq`,
    full,
  );
  for (const { collection, id, deleted, digest } of rows) {
    if (deleted === 1) after.delete(`${collection}/${id}`);
    else after.set(`${collection}/${id}`, [collection, id, digest]);
  }
  return [...after.values()];
}

/** Move the staged rows over; `full` replaces the whole copy. */
export async function applyStaged(sql: Sql, full: boolean): Promise<void> {
  if (full) await sql.run('DELETE FROM document');
  else {
    await sql.run(
      `DELETE FROM document WHERE EXISTS (SELECT 1 FROM staged s WHERE s.deleted AND s.seq >= document.seq
        AND s.collection = document.collection AND s.id = document.id)`,
    );
  }
  await sql.run(
    `INSERT INTO document SELECT collection, id, seq, data, digest FROM staged WHERE NOT deleted
      ON CONFLICT (collection, id) DO UPDATE SET seq = excluded.seq, data = excluded.data, digest = excluded.digest
      WHERE excluded.seq >= seq`,
  );
  await sql.run('DELETE FROM staged');
  await remember(sql, 'staging', undefined);
}
