/**
 * A server of one account in memory: push, pull and digest after sync/README.md, written from the description and not from the
 * server's code. `fetch` plays HTTP.
 */

import { copyDigest, documentDigest } from '../src/sync/digest';
import { append, merge, type Patch, type Stored } from './merge';

type Json = Record<string, unknown>;
interface Row { readonly stored: Stored; readonly seq: number }
interface Cursor { readonly e: string; readonly s: number; readonly u: number | null; readonly f: boolean }
interface Sent { readonly collection: string; readonly id: string; readonly hlc: string; readonly set?: Json; readonly delete?: true }

export interface Backup { readonly rows: Map<string, Row>; readonly head: number; readonly floor: number }

const APPEND_ONLY = ['session', 'feedback', 'assessment'];
const DRIFT_MS = 5 * 60_000;
const HORIZON_MS = 180 * 86_400_000;

export class SyncServer {
  rows = new Map<string, Row>();
  head = 0;
  floor = 0;
  epoch = 'e1';
  /** Server's time, milliseconds since 1970. */
  now = Date.UTC(2026, 2, 1, 12);
  page = 1000;
  token = 'access-1';
  /** Most bytes of a record. */
  largest = 32 * 1024;
  /** Members that every answer has besides. */
  extras: Json = { next_sync_after_s: 900 };
  /** Bodies that came, newest last. */
  readonly requests: Json[] = [];
  digests = 0;
  /** Answers to give instead of the next ones. */
  readonly instead: Response[] = [];

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input));
    const given = this.instead.shift();
    if (given !== undefined) return given;
    if (url.pathname === '/v1/keys') return json({}, 404);
    if (new Headers(init?.headers).get('Authorization') !== `Bearer ${this.token}`) return json({}, 401);
    if (url.pathname === '/v1/sync/digest') return json(this.digest());
    if (url.pathname !== '/v1/sync') return json({}, 404);
    const body = (await bodyOf(init)) as Json;
    this.requests.push(body);
    const cursors = body.cursors as { account: string | null };
    const cursor = cursors.account === null ? null : readCursor(cursors.account);
    if (cursor === undefined) return json({ errors: { 'cursors.account': ['Not a cursor.'] }, detail: 'See cursors.account.' }, 422);
    const { results, own } = this.push(body.patches as Sent[], cursor);
    const limit = Math.min(this.page, (body.limit as number | undefined) ?? this.page);
    return json({
      server_time: this.now, protocol: 1, request: body.request, results, account: this.pull(cursor, limit, own), ...this.extras,
    });
  };

  /** Live records. */
  state(): Record<string, Json> {
    return Object.fromEntries([...this.rows].filter(([, row]) => !row.stored.deleted).map(([key, row]) => [key, row.stored.data as Json]));
  }

  digest(): Json {
    this.digests += 1;
    const digests = Object.entries(this.state()).map(([key, data]) => {
      const [collection, id] = split(key);
      return [collection, id, documentDigest(data)] as const;
    });
    return { digest: copyDigest(digests), documents: digests.length, cursor: write({ e: this.epoch, s: this.head, u: null, f: false }) };
  }

  /** Forget every deletion. */
  prune(): void {
    for (const [key, row] of this.rows) {
      if (!row.stored.deleted) continue;
      this.floor = Math.max(this.floor, row.seq);
      this.rows.delete(key);
    }
  }

  backup(): Backup {
    return { rows: new Map(this.rows), head: this.head, floor: this.floor };
  }

  /** An operator who follows the manual then begins a new epoch. */
  restore({ rows, head, floor }: Backup, newEpoch = true): void {
    Object.assign(this, { rows: new Map(rows), head, floor });
    if (newEpoch) this.epoch = `e${Number(this.epoch.slice(1)) + 1}`;
  }

  private push(patches: readonly Sent[], cursor: Cursor | null): { results: Json[]; own: Set<number> } {
    const sameEpoch = cursor !== null && cursor.e === this.epoch;
    if (sameEpoch && cursor.s > 0 && cursor.s < this.floor) {
      return { results: patches.map(({ id }) => ({ id, status: 'deferred' })), own: new Set() };
    }
    const seen = sameEpoch && cursor.s <= this.head ? cursor.s : -1;
    const moved = new Map<string, { place: number; known: boolean }>();
    const results = patches.map((sent): Json => {
      const { collection, id, hlc } = sent;
      const key = `${collection}/${id}`;
      const row = this.rows.get(key) ?? null;
      const refuse = (code: string, field: string): Json => ({ id, status: 'rejected', error: { code, field, detail: `It is ${code}.` } });
      const ms = parseInt(hlc.slice(0, 12), 16);
      if (ms > this.now + DRIFT_MS) return refuse('clock_ahead', 'hlc');
      if (row === null && ms < this.now - HORIZON_MS) return refuse('gone', 'id');
      const patch: Patch = { hlc, set: sent.set ?? null };
      const outcome = APPEND_ONLY.includes(collection) ? append(row?.stored ?? null, patch) : merge(row?.stored ?? null, patch);
      if (outcome === null) return refuse('append_only', 'id');
      const place = moved.get(key);
      if (!outcome.moved) return { id, status: outcome.status, seq: place?.place ?? row?.seq ?? null };
      if (!outcome.stored.deleted && JSON.stringify(outcome.stored.data).length > this.largest) return refuse('too_large', 'set');
      if (place === undefined) this.head += 1;
      const exact = outcome.status === 'applied' && (row === null || !row.stored.deleted || outcome.stored.deleted);
      const before = place?.known ?? (row === null ? seen >= 0 : row.seq <= seen);
      moved.set(key, { place: place?.place ?? this.head, known: before && exact });
      this.rows.set(key, { stored: outcome.stored, seq: moved.get(key)!.place });
      return { id, status: outcome.status, seq: moved.get(key)!.place };
    });
    return { results, own: new Set([...moved.values()].filter(({ known }) => known).map(({ place }) => place)) };
  }

  private pull(cursor: Cursor | null, limit: number, own: ReadonlySet<number>): Json {
    const origin = { changes: [], cursor: write({ e: this.epoch, s: 0, u: null, f: false }), more: true };
    if (cursor === null) return origin;
    const fresh = cursor.u === null ? cursor.s === 0 : cursor.f;
    const until = cursor.u ?? this.head;
    if (cursor.e !== this.epoch) return { ...origin, resync: 'epoch' };
    if (cursor.s > this.head || until > this.head) return { ...origin, resync: 'ahead' };
    if ((cursor.s > 0 && cursor.s < this.floor && !fresh) || (fresh && until < this.floor)) return { ...origin, resync: 'pruned' };
    const window = [...this.rows].filter(([, row]) => row.seq > cursor.s && row.seq <= until).sort((a, b) => a[1].seq - b[1].seq);
    const page = window.slice(0, limit);
    const ends = page.length === window.length;
    const next = ends ? { e: this.epoch, s: until, u: null, f: false } : { e: this.epoch, s: page[page.length - 1]![1].seq, u: until, f: fresh };
    return {
      changes: page.filter(([, row]) => !own.has(row.seq)).map(([key, { stored, seq }]) => {
        const [collection, id] = split(key);
        const clocks = Object.values(stored.clocks);
        return { collection, id, seq, deleted: stored.deleted, data: stored.deleted ? null : stored.data, hlc: clocks.reduce((a, b) => (a > b ? a : b)) };
      }),
      cursor: write(next), more: !ends || until < this.head,
    };
  }
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });
}

async function bodyOf(init: RequestInit | undefined): Promise<unknown> {
  const packed = new Headers(init?.headers).get('Content-Encoding') === 'gzip';
  const sent = new Response(init?.body);
  if (!packed) return sent.json();
  return new Response(sent.body!.pipeThrough(new DecompressionStream('gzip'))).json();
}

function write(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function readCursor(text: string): Cursor | undefined {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Cursor;
  } catch {
    return undefined;
  }
}

function split(key: string): [collection: string, id: string] {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}
