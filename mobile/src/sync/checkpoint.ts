/**
 * The copy of the account's records, brought up to date. `base` is the server's state at a complete checkpoint, `base_staged` the pages of
 * the next one. All of it inside the caller's transaction. The rules are those of sync/README.md, "A person's records on a device".
 */

import { byRecord, heldOf, NOTHING, type Held } from '@/store/copy';
import type { Sql } from '@/store/db';
import { recall, remember } from '@/store/meta';
import { add, entries, keep, offerAgain, UNSETTLED, type Entry } from '@/store/outbox';
import { fillStamp } from '@/store/stamps';

import { breather } from './breathe';
import { greatest } from './clock';
import { documentDigest } from './digest';

/** How far the copy has come. `full`: a whole copy is being staged, from nothing; `resync` says why if not the first. */
export interface Place {
  readonly cursor: string | null;
  readonly full: boolean;
  readonly resync: string | null;
}

/** As the server sends one; `data` as JSON text. */
export interface AccountRow {
  readonly collection: string;
  readonly id: string;
  readonly seq: number;
  readonly deleted: boolean;
  readonly data: string | null;
  readonly digest: string | null;
  readonly hlc: string | null;
}

const START: Place = { cursor: null, full: true, resync: null };
const COLUMNS = ['collection', 'id', 'seq', 'deleted', 'data', 'digest', 'hlc'] as const;
/** The rows of a JSON list of lists, as a table of the columns above. */
const GIVEN = `SELECT ${COLUMNS.map((name, i) => `json_extract(value, '$[${i}]') AS ${name}`).join(', ')} FROM json_each(?)`;

/** Where the copy stands. */
export async function placeOf(sql: Sql): Promise<Place> {
  return (await recall<Place>(sql, 'account_place')) ?? START;
}

export async function goTo(sql: Sql, place: Place): Promise<void> {
  await remember(sql, 'account_place', place);
}

/** Begin a whole copy. Unless deletions were merely forgotten, the server may have lost what it acknowledged. */
export async function startOver(sql: Sql, reason: string): Promise<Place> {
  await sql.run('DELETE FROM base_staged');
  // After `pruned`, what became of acknowledged patches is in the copy that comes: the record as it is, or nothing.
  if (reason === 'pruned') await sql.run("UPDATE outbox SET status = 'stale' WHERE state = 'acked'");
  else await offerAgain(sql);
  return { cursor: null, full: true, resync: reason };
}

/** Add a page. A row that comes twice keeps its greater seq. */
export async function stage(sql: Sql, rows: readonly AccountRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql.run(
    `INSERT INTO base_staged ${GIVEN} WHERE 1 ON CONFLICT (collection, id) DO UPDATE SET seq = excluded.seq,
      deleted = excluded.deleted, data = excluded.data, digest = excluded.digest, hlc = excluded.hlc
      WHERE excluded.seq >= seq`,
    listed(rows),
  );
}

/** The staged rows become the copy, and acknowledged patches that it shows are settled. Returns the collections that moved. */
export async function checkpoint(sql: Sql, place: Place, wallMs: number, device: string): Promise<Set<string>> {
  const came = await sql.all<{ collection: string; id: string }>('SELECT collection, id FROM base_staged');
  const moved = new Set(came.map((row) => row.collection));
  if (place.full) {
    for (const { collection } of await sql.all<{ collection: string }>('SELECT DISTINCT collection FROM base')) moved.add(collection);
    await complete(sql, place.resync, wallMs, device);
    await sql.run('DELETE FROM base WHERE (collection, id) NOT IN (SELECT collection, id FROM base_staged)');
  }
  await sql.run(
    `INSERT INTO base SELECT * FROM base_staged WHERE 1 ON CONFLICT (collection, id) DO UPDATE SET seq = excluded.seq,
      deleted = excluded.deleted, digest = excluded.digest, hlc = excluded.hlc,
      data = CASE WHEN excluded.deleted THEN data ELSE excluded.data END WHERE ? OR excluded.seq >= seq`,
    place.full,
  );
  // What the server refused to take again, now that it has these records.
  await sql.run(
    `UPDATE outbox SET state = 'pending', error = NULL WHERE state = 'kept' AND error IS NOT NULL
      AND (collection, id) IN (SELECT collection, id FROM base_staged)`,
  );
  await sql.run('DELETE FROM base_staged');
  for (const collection of await settleAcked(sql, place.full)) moved.add(collection);
  await sql.run(
    `DELETE FROM base WHERE deleted AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.collection = base.collection
      AND outbox.id = base.id AND ${UNSETTLED})`,
  );
  return moved;
}

/**
 * Acknowledged patches whose outcome the copy shows need not be laid over it any more. At a complete checkpoint every version
 * came, but those that the server left out because we hold them: the copy with our patches, all of whose fields won.
 */
async function settleAcked(sql: Sql, full: boolean): Promise<Set<string>> {
  const acked = await entries(sql, "state = 'acked'");
  const bases = await heldOf(sql, 'base', "(collection, id) IN (SELECT collection, id FROM outbox WHERE state = 'acked')");
  const kept: Entry[] = [];
  const rows: AccountRow[] = [];
  const breathe = breather();
  for (const [key, patches] of byRecord(acked)) {
    await breathe();
    const base = bases.get(key) ?? NOTHING;
    const unseen = patches.filter((entry) => entry.seq > base.seq);
    const ours = unseen.filter((entry) => entry.status === 'applied');
    if (ours.length > 0) rows.push(won(base, ours));
    // Anything else that did not come answers another request of ours, and will come; or it was pruned.
    kept.push(...patches.filter((entry) => !unseen.includes(entry) || ours.includes(entry) || full));
  }
  if (rows.length > 0) await sql.run(`INSERT OR REPLACE INTO base ${GIVEN}`, listed(rows));
  await keep(sql, kept);
  return new Set(acked.map((entry) => entry.collection));
}

/** `base` with patches all of whose fields won on it. */
function won(base: Held, ours: readonly Entry[]): AccountRow {
  let { deleted } = base;
  let data = base.data ?? {};
  for (const entry of ours) {
    deleted = entry.fields === null;
    data = { ...data, ...entry.fields };
  }
  const { collection, id } = ours[0]!;
  return {
    collection, id, deleted, seq: Math.max(...ours.map((entry) => entry.seq)), data: JSON.stringify(data),
    digest: documentDigest(data), hlc: greatest(base.hlc, ...ours.map((entry) => entry.hlc)),
  };
}

/**
 * Before the old copy goes: what only it holds of records that we have changed is offered to the server. A record that was
 * deleted and forgotten, or that a restored server never had, would come back as the one field that was edited. The rest of
 * it is offered under a stamp that loses to everything really written.
 */
async function complete(sql: Sql, reason: string | null, wallMs: number, device: string): Promise<void> {
  const unsettled = `(collection, id) IN (SELECT collection, id FROM outbox WHERE ${UNSETTLED})`;
  const olds = await heldOf(sql, 'base', unsettled);
  const news = await heldOf(sql, 'base_staged', unsettled);
  for (const [key, waiting] of byRecord(await entries(sql, UNSETTLED))) {
    const old = olds.get(key) ?? NOTHING;
    const fresh = news.get(key) ?? NOTHING;
    const last = waiting[waiting.length - 1]!;
    if (old.data === null || last.fields === null || (fresh.seq > 0 && (fresh.deleted || reason === 'pruned'))) continue;
    if (old.deleted && fresh.seq === 0 && last.hlc < (old.hlc ?? '')) {
      // It was deleted after these edits, and we know it although the server has forgotten.
      await keep(sql, waiting);
      continue;
    }
    const covered = new Set([...waiting.flatMap((entry) => Object.keys(entry.fields ?? {})), ...Object.keys(fresh.data ?? {})]);
    const missing = Object.fromEntries(Object.entries(old.data).filter(([name]) => !covered.has(name)));
    if (Object.keys(missing).length > 0) {
      await add(sql, last.collection, last.id, missing, await fillStamp(sql, wallMs, device), true);
    }
  }
}

/** The digest of each live record of the copy. */
export async function baseDigests(sql: Sql): Promise<[string, string, string][]> {
  const rows = await sql.all<{ collection: string; id: string; digest: string }>(
    'SELECT collection, id, digest FROM base WHERE NOT deleted',
  );
  return rows.map(({ collection, id, digest }) => [collection, id, digest]);
}

function listed(rows: readonly AccountRow[]): string {
  return JSON.stringify(rows.map((row) => [row.collection, row.id, row.seq, row.deleted ? 1 : 0, row.data, row.digest, row.hlc]));
}
