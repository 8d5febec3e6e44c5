/** Small JSON values under a key: `meta` is the engine's table, `local` that of the screens. */

import type { Sql } from './db';

type Table = 'meta' | 'local';

/** undefined where nothing is kept. */
export async function recall<T>(sql: Sql, key: string, table: Table = 'meta'): Promise<T | undefined> {
  const row = await sql.first<{ value: string }>(`SELECT value FROM ${table} WHERE key = ?`, key);
  return row === null ? undefined : (JSON.parse(row.value) as T);
}

/** undefined forgets it. */
export async function remember(sql: Sql, key: string, value: unknown, table: Table = 'meta'): Promise<void> {
  if (value === undefined) await sql.run(`DELETE FROM ${table} WHERE key = ?`, key);
  else await sql.run(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`, key, JSON.stringify(value));
}
