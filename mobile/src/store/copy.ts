/**
 * What the person sees: the server's copy of the account's records (`base`) with what waits here laid over it. A deleted record stays
 * in `base`, with what it held, while patches for it are not settled. All of it inside the caller's transaction. How the copy is
 * brought up to date is in src/sync/checkpoint.ts.
 */

import { greatest } from '@/sync/clock';

import type { Sql, Value } from './db';
import { remember } from './meta';
import { entries, UNSETTLED, type Entry } from './outbox';
import type { Collection, Fields, Rec } from './types';

/** A record: as the server has it, or with patches laid over it. `hlc`: the greatest clock in it. */
export interface Held {
  readonly seq: number;
  readonly deleted: boolean;
  readonly data: Fields | null;
  readonly hlc: string | null;
}

interface BaseRow {
  collection: string; id: string; seq: number; deleted: number; data: string | null; hlc: string | null;
}

export const NOTHING: Held = { seq: 0, deleted: true, data: null, hlc: null };
/**
 * `held` with patches laid over it, oldest first. A record that is deleted has its deletion's clock as greatest, and a deletion
 * loses to any greater clock, so both are exact; which of two fields is newer only the server knows, and the person sees the
 * one written here.
 */
export function lay(held: Held, patches: readonly Entry[]): Held {
  let { deleted, hlc } = held;
  let data = held.data ?? {};
  for (const entry of patches) {
    const newer = entry.hlc > (hlc ?? '');
    if (entry.fields === null) deleted = deleted || newer;
    else if (newer || !(deleted || entry.again)) {
      deleted = false;
      data = { ...data, ...entry.fields };
    }
    hlc = greatest(hlc, entry.hlc);
  }
  return { seq: held.seq, deleted, data, hlc };
}

/** The record as the person sees it; null when there is none. */
export async function readRecord(sql: Sql, collection: string, id: string): Promise<Fields | null> {
  const held = (await heldOf(sql, 'base', 'collection = ? AND id = ?', collection, id)).get(keyOf({ collection, id }));
  const seen = lay(held ?? NOTHING, await entries(sql, `collection = ? AND id = ? AND ${UNSETTLED}`, collection, id));
  return seen.deleted ? null : seen.data;
}

/** What the person sees of one collection, by id. */
export async function readRecords(sql: Sql, collection: Collection): Promise<Rec[]> {
  const seen = await heldOf(sql, 'base', 'collection = ?', collection);
  for (const [key, waiting] of byRecord(await entries(sql, `collection = ? AND ${UNSETTLED}`, collection))) {
    seen.set(key, lay(seen.get(key) ?? NOTHING, waiting));
  }
  return [...seen]
    .filter(([, held]) => !held.deleted)
    .map(([key, held]) => ({ id: key.slice(collection.length + 1), data: held.data! }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Take the account's data off this device, and its name in it with the clock that bears that name. */
export async function forgetAccount(sql: Sql): Promise<void> {
  for (const table of ['base', 'base_staged', 'outbox', 'burnt']) await sql.run(`DELETE FROM ${table}`);
  for (const key of ['account', 'account_place', 'account_sync', 'device', 'clock', 'last_sync', 'next_sync']) {
    await remember(sql, key, undefined);
  }
}

/** Patches of one record together, in the order they came in. */
export function byRecord(patches: readonly Entry[]): Map<string, Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const entry of patches) {
    const key = keyOf(entry);
    const held = found.get(key);
    if (held === undefined) found.set(key, [entry]);
    else held.push(entry);
  }
  return found;
}

/** Records of the copy, or of the one being staged. */
export async function heldOf(
  sql: Sql, table: 'base' | 'base_staged', where: string, ...values: readonly Value[]
): Promise<Map<string, Held>> {
  const rows = await sql.all<BaseRow>(`SELECT collection, id, seq, deleted, data, hlc FROM ${table} WHERE ${where}`, ...values);
  return new Map(rows.map((row) => [keyOf(row), {
    seq: row.seq, deleted: row.deleted === 1, data: row.data === null ? null : (JSON.parse(row.data) as Fields), hlc: row.hlc,
  }]));
}

/** No collection's name has a slash. */
export function keyOf({ collection, id }: { readonly collection: string; readonly id: string }): string {
  return `${collection}/${id}`;
}
