/** What is read out of a server's answers. Nothing is believed: every member's type and range is looked at. */

import type { DocumentRow } from '@/store/documents';
import type { Result } from '@/store/outbox';

import { breather } from './breathe';
import type { AccountRow } from './checkpoint';
import { ClockInvalid, parseClock } from './clock';
import { documentDigest } from './digest';
import { Refused } from './errors';

/** The account's part of an answer of `/v1/sync`. */
export interface AccountPage {
  readonly rows: readonly AccountRow[];
  readonly cursor: string;
  readonly more: boolean;
  readonly resync: string | null;
}

/** One answer of `/v1/catalog/changes`, or the same part of `/v1/sync`. */
export interface CatalogPage {
  readonly rows: readonly DocumentRow[];
  readonly cursor: string;
  readonly more: boolean;
  readonly resync: string | null;
  readonly snapshot: Fields | null;
  readonly release: unknown;
}

/** One answer of `/v1/sync`. A part that was not asked for, or has nothing to say, is null. */
export interface Synced {
  readonly serverMs: number;
  readonly results: readonly Result[];
  readonly account: AccountPage | null;
  readonly catalog: CatalogPage | null;
  readonly model: Fields | null;
  readonly counted: boolean;
  readonly nextAfterS: number | null;
  readonly live: string | null;
}

/** The signed statement about one catalogue release. */
export interface CatalogManifest {
  readonly release: number;
  readonly epoch: string;
  readonly digest: string;
  readonly documents: number;
  readonly published_at: string;
}

export type Fields = Readonly<Record<string, unknown>>;

interface Kinds {
  string: string;
  number: number;
  boolean: boolean;
  object: Fields;
  list: readonly unknown[];
}

const STATUSES = ['applied', 'merged', 'stale', 'rejected', 'deferred'];

/** `body[name]`, of the kind wanted. Numbers are whole and not negative. Throws Refused naming it. */
export function member<K extends keyof Kinds>(body: unknown, name: string, kind: K): Kinds[K] {
  const value = optional(body, name, kind);
  if (value === null) throw new Refused(`the server's answer has no usable '${name}'`);
  return value;
}

/** The same, null where it is null or missing. */
export function optional<K extends keyof Kinds>(body: unknown, name: string, kind: K): Kinds[K] | null {
  const value = isObject(body) && Object.hasOwn(body, name) ? body[name] : null;
  if (value === null || value === undefined) return null;
  const fits = kind === 'list' ? Array.isArray(value)
    : kind === 'object' ? isObject(value)
      : kind === 'number' ? Number.isSafeInteger(value) && (value as number) >= 0
        : typeof value === kind;
  if (!fits) throw new Refused(`the server's answer has no usable '${name}'`);
  return value as Kinds[K];
}

/** Strict JSON; throws Refused. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    throw new Refused("the server's answer is not JSON");
  }
}

/** Read a body of `/v1/sync`, the answer to patches of the records `sent`. Throws Refused. */
export async function readSynced(body: unknown, sent: readonly string[]): Promise<Synced> {
  const results = optional(body, 'results', 'list') ?? [];
  const ids = results.map((result) => (isObject(result) ? result.id : null));
  if (ids.length !== sent.length || ids.some((id, i) => id !== sent[i])) {
    throw new Refused("the server's results are not those of what was sent");
  }
  const account = optional(body, 'account', 'object');
  const catalog = optional(body, 'catalog', 'object');
  return {
    serverMs: member(body, 'server_time', 'number'),
    results: results.map(readResult),
    account: account === null ? null : await readAccountPage(account),
    catalog: catalog === null ? null : await readCatalogPage(catalog),
    model: optional(body, 'model', 'object'),
    counted: optional(body, 'health', 'object') !== null,
    nextAfterS: optional(body, 'next_sync_after_s', 'number'),
    live: optional(body, 'live', 'string'),
  };
}

/** Read a body of `/v1/catalog/changes`. Throws Refused. */
export async function readCatalogPage(body: unknown): Promise<CatalogPage> {
  return {
    rows: await readRows(body),
    cursor: member(body, 'cursor', 'string'),
    more: member(body, 'more', 'boolean'),
    resync: optional(body, 'resync', 'string'),
    snapshot: optional(body, 'snapshot', 'object'),
    release: isObject(body) ? (body.release ?? null) : null,
  };
}

/** The rows of `changes`, each with the digest of its data. Throws Refused. */
export async function readRows(body: unknown): Promise<DocumentRow[]> {
  const breathe = breather();
  const rows: DocumentRow[] = [];
  for (const change of member(body, 'changes', 'list')) {
    const deleted = member(change, 'deleted', 'boolean');
    const data = deleted ? null : member(change, 'data', 'object');
    rows.push({
      collection: member(change, 'collection', 'string'),
      id: member(change, 'id', 'string'),
      seq: member(change, 'seq', 'number'),
      deleted,
      data: data === null ? null : JSON.stringify(data),
      digest: data === null ? null : documentDigest(data),
    });
    await breathe();
  }
  return rows;
}

/** Read a verified manifest. Throws Refused when it speaks of something else or lacks a member. */
export function readCatalogManifest(manifest: Fields): CatalogManifest {
  if (manifest.kind !== 'catalog') throw new Refused('the signed manifest is not one of a catalogue');
  return {
    release: member(manifest, 'release', 'number'),
    epoch: member(manifest, 'epoch', 'string'),
    digest: member(manifest, 'digest', 'string'),
    documents: member(manifest, 'documents', 'number'),
    published_at: member(manifest, 'published_at', 'string'),
  };
}

async function readAccountPage(body: Fields): Promise<AccountPage> {
  const clocks = member(body, 'changes', 'list').map((change) => optional(change, 'hlc', 'string'));
  try {
    for (const hlc of clocks) if (hlc !== null) parseClock(hlc);
  } catch (error) {
    if (error instanceof ClockInvalid) throw new Refused("the server's answer has no usable 'hlc'");
    throw error;
  }
  return {
    rows: (await readRows(body)).map((row, i) => ({ ...row, hlc: clocks[i]! })),
    cursor: member(body, 'cursor', 'string'),
    more: member(body, 'more', 'boolean'),
    resync: optional(body, 'resync', 'string'),
  };
}

function readResult(body: unknown): Result {
  const status = member(body, 'status', 'string');
  if (!STATUSES.includes(status)) throw new Refused(`the server's answer has no usable 'status': ${status.slice(0, 40)}`);
  const error = status === 'rejected' ? member(body, 'error', 'object') : null;
  const told = (name: string): string => optional(error, name, 'string') ?? '';
  return {
    status: status as Result['status'],
    seq: optional(body, 'seq', 'number'),
    error: error === null ? null : { code: told('code'), field: told('field'), detail: told('detail') },
  };
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
