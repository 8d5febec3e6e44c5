/**
 * The device's hybrid logical clock, kept in its database, so that no stamp is ever given twice. All of it inside the caller's
 * transaction; wall clocks are milliseconds since 1970, UTC.
 */

import { clockText, greatest, tick } from '@/sync/clock';

import type { Sql } from './db';
import { recall, remember } from './meta';
import { toHex } from './uuid';

export type Entropy = (bytes: number) => Uint8Array;

interface State {
  /** The greatest stamp given here. */
  readonly last: string | null;
  /** The greatest one that the server let in, of any device. */
  readonly seen: string | null;
  /** The greatest one of a fill-in. */
  readonly filled: string | null;
  /** Server's time less ours. */
  readonly offset_ms: number;
}

const MINUTE_MS = 60_000;
/** How old a fill-in claims to be: it must lose to what anybody wrote, yet be within the server's horizon. */
export const FILL_AGE_MS = 150 * 86_400_000;
const FILL_COUNTER = 0x7fff;

/** The name that this install's stamps bear: 16 hex digits, made once. */
export async function deviceId(sql: Sql, entropy: Entropy): Promise<string> {
  const known = await recall<string>(sql, 'device');
  if (known !== undefined) return known;
  const made = toHex(entropy(8));
  await remember(sql, 'device', made);
  return made;
}

/** The next stamp: greater than all that this device has given or seen. */
export async function stamp(sql: Sql, wallMs: number, device: string): Promise<string> {
  const state = await stateOf(sql);
  let made = tick(greatest(state.last, state.seen), wallMs + state.offset_ms, device);
  // A clock that stepped back comes by its abandoned stamps again. Other devices may know them from a late request.
  while (await sql.first('SELECT 1 FROM burnt WHERE hlc = ?', made)) made = tick(made, 0, device);
  await remember(sql, 'clock', { ...state, last: made });
  return made;
}

/** A stamp of `FILL_AGE_MS` ago, among counters that no edit of that time has reached. */
export async function fillStamp(sql: Sql, wallMs: number, device: string): Promise<string> {
  const state = await stateOf(sql);
  const past = Math.max(0, wallMs + state.offset_ms - FILL_AGE_MS);
  const made = tick(greatest(state.filled, clockText({ ms: past, counter: FILL_COUNTER, device })), past, device);
  await remember(sql, 'clock', { ...state, filled: made });
  return made;
}

/** Whatever is stamped from now on is greater than these, which the server has let in. */
export async function witness(sql: Sql, clocks: readonly (string | null)[]): Promise<void> {
  const state = await stateOf(sql);
  const seen = greatest(state.seen, ...clocks);
  if (seen !== state.seen) await remember(sql, 'clock', { ...state, seen });
}

/** Remember how far the wall clock is off the server's; less than a minute is the network's doing. */
export async function learnOffset(sql: Sql, serverMs: number, wallMs: number): Promise<void> {
  const state = await stateOf(sql);
  const offset = Math.abs(serverMs - wallMs) > MINUTE_MS ? serverMs - wallMs : 0;
  if (offset !== state.offset_ms) await remember(sql, 'clock', { ...state, offset_ms: offset });
}

/** Leave stamps that ran ahead of the server's time; `kept` is the greatest one that is still in use. */
export async function stepBack(sql: Sql, abandoned: readonly string[], kept: string | null): Promise<void> {
  await burn(sql, abandoned);
  const state = await stateOf(sql);
  await remember(sql, 'clock', { ...state, last: greatest(state.seen, kept) });
}

/** These stamps must never mean anything again. */
export async function burn(sql: Sql, abandoned: readonly string[]): Promise<void> {
  await sql.run('INSERT OR IGNORE INTO burnt SELECT value FROM json_each(?)', JSON.stringify(abandoned));
}

/** Abandoned stamps cannot come again once the server has let in greater ones: no step back goes behind those. */
export async function forgetBurnt(sql: Sql): Promise<void> {
  await sql.run('DELETE FROM burnt WHERE hlc < ?', (await stateOf(sql)).seen ?? '');
}

async function stateOf(sql: Sql): Promise<State> {
  return { last: null, seen: null, filled: null, offset_ms: 0, ...(await recall<State>(sql, 'clock')) };
}
