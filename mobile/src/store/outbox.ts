/**
 * What was written on this device, as patches: stamped, sent until they are acknowledged, and kept for a while after.
 *
 *     pending → acked → kept → forgotten        refused → pending (sent again) or dropped
 *        ↑_________________|  offered again when the server has lost what it acknowledged
 *
 * pending   to be sent; acked: acknowledged, but the copy does not show it yet; both are laid over the copy
 * kept      acknowledged and in the copy; a server that was restored from a backup gets it again
 * refused   the server will not have it; it waits for the person, and nothing waits for it
 *
 * All of it inside the caller's transaction.
 */

import type { Sql, Value } from './db';
import { burn, forgetBurnt, stamp, stepBack, witness } from './stamps';
import type { Fields } from './types';

export const KEEP_MS = 30 * 86_400_000;
/** Patches in a request, and roughly their bytes: what a phone writes and hashes between two frames or three. */
export const BATCH = 500;
export const BATCH_BYTES = 1 << 17;

export type EntryState = 'pending' | 'acked' | 'kept' | 'refused';

export interface PatchError {
  readonly code: string;
  readonly field: string;
  readonly detail: string;
}

/** What the server said of one patch. */
export interface Result {
  readonly status: 'applied' | 'merged' | 'stale' | 'rejected' | 'deferred';
  readonly seq: number | null;
  /** Of one that was rejected. */
  readonly error: PatchError | null;
}

/** One patch as it is kept. `fields` null deletes; `again`: acknowledged before, and offered once more. */
export interface Entry {
  readonly number: number;
  readonly collection: string;
  readonly id: string;
  readonly fields: Fields | null;
  readonly hlc: string;
  readonly state: EntryState;
  readonly fill: boolean;
  readonly again: boolean;
  readonly status: Result['status'] | null;
  readonly seq: number;
  readonly error: PatchError | null;
}

interface Row {
  number: number; collection: string; id: string; fields: string | null; hlc: string; state: EntryState;
  fill: number; again: number; status: Result['status'] | null; seq: number | null; error: string | null;
}

/** Not yet in the copy, so laid over it. */
export const UNSETTLED = "state IN ('pending', 'acked')";

/** Put a patch into the queue; `fill` marks one that completes a record for the patches after it. */
export async function add(
  sql: Sql, collection: string, id: string, fields: Fields | null, hlc: string, fill = false,
): Promise<void> {
  await sql.run(
    "INSERT INTO outbox (collection, id, fields, hlc, state, fill) VALUES (?, ?, ?, ?, 'pending', ?)",
    collection, id, fields === null ? null : JSON.stringify(fields), hlc, fill,
  );
}

/**
 * Forget patches of a record that nobody was ever sent and all of whose fields a newer one sets: as if they had not been
 * made. Somebody who never signs in would otherwise collect every state of a slider for years.
 */
export async function compact(sql: Sql, collection: string, id: string, newest: string): Promise<void> {
  await sql.run(
    `DELETE FROM outbox WHERE collection = ? AND id = ? AND hlc < ? AND state = 'pending' AND sent = 0 AND again = 0
      AND fill = 0 AND fields IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each(outbox.fields) old
        WHERE old.key NOT IN (SELECT key FROM json_each((SELECT fields FROM outbox WHERE hlc = ?))))`,
    collection, id, newest, newest,
  );
}

/** Patches in the order of their stamps, which is the order in which they were made. */
export async function entries(sql: Sql, where = '1', ...values: readonly Value[]): Promise<Entry[]> {
  const rows = await sql.all<Row>(
    `SELECT number, collection, id, fields, hlc, state, fill, again, status, seq, error FROM outbox
      WHERE ${where} ORDER BY hlc`,
    ...values,
  );
  return rows.map((row) => ({
    ...row, fields: json<Fields>(row.fields), fill: row.fill === 1, again: row.again === 1, seq: row.seq ?? 0,
    error: json<PatchError>(row.error),
  }));
}

/** A patch as it is sent. */
export function patchOf({ collection, id, fields, hlc }: Entry): object {
  return fields === null ? { collection, id, delete: true, hlc } : { collection, id, set: fields, hlc };
}

/**
 * What to send next: at most `most` pending patches, and not many more bytes than the server takes at once. What completes a
 * record goes first: the server refuses an old patch for a record that it does not know. From now on they may be anywhere.
 */
export async function batch(sql: Sql, most = BATCH): Promise<Entry[]> {
  const numbers = await sql.all<{ number: number }>(
    "SELECT number FROM outbox WHERE state = 'pending' ORDER BY fill DESC, hlc LIMIT ?", most,
  );
  const found = await entries(sql, 'number IN (SELECT value FROM json_each(?))', JSON.stringify(numbers.map((row) => row.number)));
  const ordered = [...found.filter((entry) => entry.fill), ...found.filter((entry) => !entry.fill)];
  let size = 0;
  const chosen: Entry[] = [];
  for (const entry of ordered) {
    size += JSON.stringify(patchOf(entry)).length;
    if (chosen.length > 0 && size > BATCH_BYTES) break;
    chosen.push(entry);
  }
  await sql.run(
    'UPDATE outbox SET sent = 1 WHERE sent = 0 AND number IN (SELECT value FROM json_each(?))',
    JSON.stringify(chosen.map((entry) => entry.number)),
  );
  return chosen;
}

/** How many there are in each state. */
export async function counts(sql: Sql): Promise<Record<EntryState, number>> {
  const rows = await sql.all<{ state: EntryState; n: number }>('SELECT state, count(*) AS n FROM outbox GROUP BY state');
  return { pending: 0, acked: 0, kept: 0, refused: 0, ...Object.fromEntries(rows.map(({ state, n }) => [state, n])) };
}

/** Write down what became of the patches of one request. */
export async function settle(
  sql: Sql, sent: readonly Entry[], results: readonly Result[], serverMs: number, wallMs: number, device: string,
): Promise<void> {
  const ahead: string[] = [];
  const acked: [hlc: string, status: string, seq: number][] = [];
  for (const [i, entry] of sent.entries()) {
    const { status, seq, error } = results[i]!;
    if (status === 'deferred') continue;
    if (status !== 'rejected') acked.push([entry.hlc, status, seq ?? 0]);
    else if (error?.code === 'clock_ahead') ahead.push(entry.hlc);
    else await setAside(sql, entry.hlc, error);
  }
  await witness(sql, acked.map(([hlc]) => hlc));
  await sql.run(
    `UPDATE outbox SET state = 'acked', status = a.status, seq = a.seq, error = NULL, acked_at = ?
      FROM (SELECT json_extract(value, '$[0]') AS hlc, json_extract(value, '$[1]') AS status,
        json_extract(value, '$[2]') AS seq FROM json_each(?)) AS a
      WHERE outbox.hlc = a.hlc AND state = 'pending'`,
    serverMs, JSON.stringify(acked),
  );
  if (ahead.length > 0) await stampAgain(sql, ahead.reduce((a, b) => (a < b ? a : b)), wallMs, device);
  await sql.run("DELETE FROM outbox WHERE state = 'kept' AND acked_at < ?", serverMs - KEEP_MS);
  await forgetBurnt(sql);
}

/**
 * The server will not have this patch. One that was acknowledged once is not the person's affair: it waits for its record to
 * come back.
 */
export async function setAside(sql: Sql, hlc: string, error: PatchError | null): Promise<void> {
  await sql.run(
    "UPDATE outbox SET state = CASE WHEN again THEN 'kept' ELSE 'refused' END, error = ? WHERE hlc = ? AND state = 'pending'",
    JSON.stringify(error), hlc,
  );
}

/**
 * Give everything that waits, from the stamp `first` on, a new stamp in the same order: the clock ran ahead. The rejected stamps
 * were never let in, so nothing else bears them.
 */
async function stampAgain(sql: Sql, first: string, wallMs: number, device: string): Promise<void> {
  const waiting = await entries(sql, "hlc >= ? AND state = 'pending'", first);
  const rows = await sql.all<{ hlc: string }>("SELECT hlc FROM outbox WHERE state <> 'pending' OR hlc < ? ORDER BY hlc", first);
  const used = rows.map((row) => row.hlc);
  const before = used.filter((hlc) => hlc < first);
  await stepBack(
    sql, [...waiting.map((entry) => entry.hlc), ...used.filter((hlc) => hlc >= first)], before[before.length - 1] ?? null,
  );
  for (const entry of waiting) {
    await sql.run('UPDATE outbox SET hlc = ? WHERE number = ?', await stamp(sql, wallMs, device), entry.number);
  }
}

/** Put all that was acknowledged back into the queue, as it was: the server may have lost it. */
export async function offerAgain(sql: Sql): Promise<void> {
  await sql.run(
    "UPDATE outbox SET state = 'pending', again = 1, status = NULL, seq = NULL, error = NULL WHERE state IN ('acked', 'kept')",
  );
}

/** Acknowledged and in the copy, or of no more use. */
export async function keep(sql: Sql, kept: readonly Entry[]): Promise<void> {
  await sql.run(
    "UPDATE outbox SET state = 'kept', again = 0 WHERE number IN (SELECT value FROM json_each(?))",
    JSON.stringify(kept.map((entry) => entry.number)),
  );
}

/** Put a refused patch back into the queue, stamped as a new one; false when there is no such patch. */
export async function retry(sql: Sql, number: number, hlc: string): Promise<boolean> {
  const old = await refused(sql, number);
  if (old === null) return false;
  // The old stamp may have reached the server in a form that it refused; it must never mean anything else.
  await burn(sql, [old.hlc]);
  await sql.run("UPDATE outbox SET state = 'pending', hlc = ?, error = NULL WHERE number = ?", hlc, number);
  return true;
}

/** Give up a refused patch; false when there is no such patch. */
export async function drop(sql: Sql, number: number): Promise<boolean> {
  const old = await refused(sql, number);
  if (old === null) return false;
  await burn(sql, [old.hlc]);
  await sql.run('DELETE FROM outbox WHERE number = ?', number);
  return true;
}

export async function refused(sql: Sql, number: number): Promise<Entry | null> {
  return (await entries(sql, "number = ? AND state = 'refused'", number))[0] ?? null;
}

function json<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
