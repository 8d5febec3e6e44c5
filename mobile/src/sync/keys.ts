/** The keys that this device trusts, in its database (sync/device_trust.py). */

import type { Db } from '@/store/db';
import { recall, remember } from '@/store/meta';

import { isObject, parseJson } from './answers';
import { Refused, SignatureInvalid } from './errors';
import { follow, keysAt, parseTrust, type Keys, type Trust } from './trust';
import type { Wire } from './wire';

interface Pinned extends Trust {
  /** What was handed over with the app; null for the first keys seen. */
  readonly root: Keys | null;
}

/** Whom to believe in one sync, and what to do once something signed was let in. */
export interface Believed {
  readonly keys: Keys;
  /** Pin the keys, where they were the first ones seen. */
  pin(): Promise<void>;
}

/** Throws TransportError or Refused where there are no keys to be had. `root`: keys that came with the app. */
export async function believed(db: Db, wire: Wire, nowMs: number, root: Keys | null): Promise<Believed> {
  if (root !== null) await handOver(db, root);
  const held = await heldKeys(db, nowMs);
  if (held !== null) return { keys: held, pin: async () => undefined };
  const { status, body } = await wire.get('/v1/keys');
  if (status !== 200) throw new Refused('the server shows no keys');
  const keys = parseTrust(parseJson(body));
  return { keys, pin: () => keep(db, { keys, until: {}, sequence: 0, root: null }) };
}

/** The keys that are pinned; null before any are. */
export async function heldKeys(db: Db, nowMs: number): Promise<Keys | null> {
  const held = await heldTrust(db);
  return held === null ? null : keysAt(held, nowMs);
}

/** `work(keys)`; when a signature does not fit, once more with the keys that newer statements name, if any. */
export async function withFreshKeys<T>(db: Db, wire: Wire, keys: Keys, nowMs: number, work: (keys: Keys) => Promise<T>): Promise<T> {
  try {
    return await work(keys);
  } catch (error) {
    const renewed = error instanceof SignatureInvalid ? await renew(db, wire, nowMs) : null;
    if (renewed === null) throw error;
    return work(renewed);
  }
}

async function renew(db: Db, wire: Wire, nowMs: number): Promise<Keys | null> {
  const before = await heldTrust(db);
  if (before === null) return null;
  const { status, body } = await wire.get('/v1/keys');
  const said = status === 200 ? parseJson(body) : null;
  const after = isObject(said) ? follow(before, said.statements, nowMs) : before;
  if (after === before) return null;
  await keep(db, { ...after, root: before.root });
  return keysAt(after, nowMs);
}

/** Trust these keys, as the app says. The same ones again change nothing of what was followed since. */
async function handOver(db: Db, root: Keys): Promise<void> {
  const known = (await heldTrust(db))?.root ?? null;
  if (JSON.stringify(known) !== JSON.stringify(root)) await keep(db, { keys: root, until: {}, sequence: 0, root });
}

async function heldTrust(db: Db): Promise<Pinned | null> {
  return (await db.read((sql) => recall<Pinned>(sql, 'trust'))) ?? null;
}

async function keep(db: Db, trust: Pinned): Promise<void> {
  await db.write((sql) => remember(sql, 'trust', trust));
}
