/**
 * The round trip of a device that is signed in (sync/device_account.py): `POST /v1/sync` until nothing waits and nothing more comes.
 *
 * Everything an answer brings for the account goes into one transaction: what became of the patches, the rows, the cursor. The
 * server leaves rows out that it knows us to hold; were we killed between two halves of an answer, it would be wrong.
 */

import type { Sql } from '@/store/db';
import { recall, remember } from '@/store/meta';
import type { Inside } from '@/store/open';
import { BATCH, batch, counts, patchOf, setAside, settle, type Entry } from '@/store/outbox';
import { deviceId, learnOffset, witness } from '@/store/stamps';

import { member, readSynced, type CatalogPage, type Fields, type Synced } from './answers';
import { baseDigests, checkpoint, goTo, placeOf, stage, startOver, type Place } from './checkpoint';
import { copyDigest } from './digest';
import { Later, Refused, SignatureInvalid, TransportError, Unfit } from './errors';
import type { Pull, PullOutcome } from './pull';
import { SYNC_URL, type Wire } from './wire';

const PROTOCOL = 1;
const DIGEST_URL = '/v1/sync/digest?stream=account';
/** Syncs between two comparisons of the whole copy's digest with the server's. */
export const CHECK_EVERY = 20;
const MAX_ROUNDS = 10_000;
const MAX_AHEAD = 3;
const MAX_RESYNCS = 3;
const MAX_BAD = 20;
const TOO_LARGE = { code: 'too_large', field: '', detail: 'The server takes no change as large as this one.' };

export interface TripOptions {
  readonly inside: Inside;
  readonly wire: Wire;
  /** Takes the catalogue out of the same answers; null leaves it out. */
  readonly pull: Pull | null;
  /** Asks for a model; null leaves it out. */
  readonly wish: object | null;
  /** A report to send along. */
  readonly health: object | null;
  /** Most changes in an answer. */
  readonly limit: number;
}

/** What came, besides the account. */
export interface TripReport {
  readonly catalog: PullOutcome | null;
  /** Why the catalogue could not be let in; it does not keep the account waiting. */
  readonly catalogProblem: Error | null;
  /** Whether the server has looked for a model, and its offer. */
  readonly told: boolean;
  readonly model: Fields | null;
  readonly healthCounted: boolean;
  readonly nextAfterS: number | null;
  readonly live: string | null;
  /** Whether the copy's digest was compared, and why the copy was fetched anew. */
  readonly checked: boolean;
  readonly resync: string | null;
  /** Rows received. */
  readonly received: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Sync the account. Throws Refused, TransportError, SignInNeeded, SignedOut, Later, UpdateNeeded, NotOffered. */
export async function trip(options: TripOptions): Promise<TripReport> {
  const { inside, wire } = options;
  let { pull, wish, health } = options;
  const era = inside.era();
  const report: Mutable<TripReport> = {
    catalog: null, catalogProblem: null, told: false, model: null, healthCounted: false, nextAfterS: null, live: null,
    checked: false, resync: null, received: 0,
  };
  let most = BATCH;
  let ahead = 0;
  let resyncs = 0;
  let bad = 0;

  /** Nothing that was asked for before the person's data was taken off is written after. */
  const write = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    inside.db.write((sql) => {
      if (inside.era() !== era) throw new Refused("the records were taken off this device meanwhile");
      return work(sql);
    });
  const device = await write((sql) => deviceId(sql, inside.entropy));

  const beginAgain = async (reason: string): Promise<void> => {
    await write(async (sql) => goTo(sql, await startOver(sql, reason)));
    report.resync = reason;
  };

  /** Let the account's part of an answer in, all at once; true at a complete checkpoint. */
  const take = async (from: Place, sent: readonly Entry[], answer: Synced): Promise<boolean> => {
    const page = answer.account;
    if (page === null) throw new Refused("the server's answer lacks the account");
    const wall = inside.wallMs();
    const deferred = answer.results.some((result) => result.status === 'deferred');
    const reason = page.resync ?? (deferred ? 'pruned' : null);
    let complete = false;
    let moved = new Set<string>();
    await write(async (sql) => {
      let place = from;
      await learnOffset(sql, answer.serverMs, wall);
      await witness(sql, page.rows.map((row) => row.hlc));
      if (reason !== null) place = await startOver(sql, reason);
      const refused = (await counts(sql)).refused;
      await settle(sql, sent, answer.results, answer.serverMs, wall, device);
      if ((await counts(sql)).refused !== refused) moved = new Set(sent.map((entry) => entry.collection));
      if (reason === null || page.resync !== null) {
        if (page.more && page.cursor === place.cursor) {
          throw new Refused("the server's answer leads nowhere: it says there is more, but not where");
        }
        await stage(sql, page.rows);
        place = { ...place, cursor: page.cursor };
      }
      complete = !page.more && place.cursor !== null;
      if (complete) {
        for (const collection of await checkpoint(sql, place, wall, device)) moved.add(collection);
        if (place.full) await remember(sql, 'account_sync', undefined); // compare digests
        place = { cursor: place.cursor, full: false, resync: null };
      }
      await goTo(sql, place);
    });
    report.received += page.rows.length;
    report.resync = reason ?? report.resync;
    report.nextAfterS = answer.nextAfterS;
    report.live = answer.live;
    if (moved.size > 0) inside.tell([...moved, 'refusals']);
    resyncs += reason === null ? 0 : 1;
    ahead += answer.results.some((result) => result.error?.code === 'clock_ahead') ? 1 : 0;
    if (resyncs > MAX_RESYNCS) throw new Refused('the server asks to start over again and again');
    if (ahead > MAX_AHEAD) throw new Refused('the server calls our clock wrong whatever it is set to');
    return complete;
  };

  const takeCatalog = async (page: CatalogPage | null): Promise<void> => {
    if (pull === null) return;
    try {
      report.catalog = page === null ? (pull.held === null ? 'none' : 'unchanged')
        : isCurrent(page, pull) ? 'unchanged' : await pull.take(page);
      if (report.catalog !== null) pull = null;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof SignatureInvalid || error instanceof TransportError)) throw error;
      report.catalogProblem = error;
      pull = null;
    }
  };

  /** Model, health and catalogue of an answer. */
  const takeRest = async (answer: Synced): Promise<void> => {
    if (wish !== null) {
      report.model = answer.model;
      report.told = true;
      wish = null;
    }
    if (health !== null && answer.counted) {
      report.healthCounted = true;
      health = null;
    }
    await takeCatalog(answer.catalog);
  };

  /** Leave out of the next request what the server cannot use; throws Refused when that is the request itself. */
  const mend = async (unfit: Unfit, place: Place, sent: readonly Entry[]): Promise<void> => {
    const named = (part: string): boolean => unfit.fields.some((field) => field.split('.')[0] === part);
    bad += 1;
    if (unfit.status === 413 && sent.length > 1) most = Math.floor(sent.length / 2);
    else if (unfit.status === 413 && sent.length === 1) {
      await write((sql) => setAside(sql, sent[0]!.hlc, TOO_LARGE));
      inside.tell([sent[0]!.collection, 'refusals']);
      most = BATCH;
    } else if (bad > MAX_BAD) throw new Refused(unfit.message);
    else if (unfit.fields.includes('cursors.account') && place.cursor !== null) await beginAgain('cursor');
    else if (unfit.fields.includes('cursors.catalog') && pull !== null && (await pull.badCursor())) return;
    else if (named('health') && health !== null) {
      report.healthCounted = true; // the server will never take it, however often it is sent
      health = null;
    } else if (named('model') && wish !== null) wish = null;
    else throw new Refused(unfit.message);
  };

  const rounds = async (): Promise<void> => {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      // What is pending may have to be completed by what the copy shows, so a whole copy comes first.
      const { place, sent } = await write(async (sql) => {
        const found = await placeOf(sql);
        return { place: found, sent: found.full ? [] : await batch(sql, most) };
      });
      const request = {
        device, protocol: PROTOCOL,
        cursors: { account: place.cursor, ...(pull === null ? {} : { catalog: pull.cursor() }) },
        patches: sent.map(patchOf),
        ...(wish === null ? {} : { model: wish }), ...(health === null ? {} : { health }),
        limit: options.limit,
      };
      let answer: Synced;
      try {
        answer = await readSynced(await wire.call('POST', SYNC_URL, request), sent.map((entry) => entry.id));
      } catch (error) {
        if (!(error instanceof Unfit)) throw error;
        await mend(error, place, sent);
        continue;
      }
      const complete = await take(place, sent, answer);
      await takeRest(answer);
      if (complete && pull === null && (await inside.db.read(counts)).pending === 0) return;
    }
    throw new Refused("the server's answer never ends");
  };

  const counted = async (): Promise<number> => (await inside.db.read((sql) => recall<number>(sql, 'account_sync'))) ?? 0;

  /** Whether our copy is the one of the server's digest, when it is time; null when it cannot be said this time. */
  const check = async (): Promise<boolean | null> => {
    if ((await counted()) > 0) return null;
    let body: unknown;
    try {
      body = await wire.call('GET', DIGEST_URL);
    } catch (error) {
      if (error instanceof TransportError || error instanceof Later) return null;
      throw error;
    }
    const [cursor, digests] = await inside.db.read(async (sql) => [(await placeOf(sql)).cursor, await baseDigests(sql)] as const);
    report.checked = member(body, 'cursor', 'string') === cursor;
    return report.checked ? copyDigest(digests) === member(body, 'digest', 'string') : null;
  };

  await rounds();
  let same = await check();
  if (same === false) {
    await beginAgain('digest');
    await rounds();
    same = await check();
    if (same === false) throw new Refused("the records that came are not the ones that the server's digest is of");
  }
  const times = await counted();
  if (same === true || times > 0) await write((sql) => remember(sql, 'account_sync', (times + 1) % CHECK_EVERY));
  return report;
}

/** Whether the server says that the release held is the newest: it does not repeat the manifest then. */
function isCurrent(page: CatalogPage, { held }: Pull): boolean {
  const nothing = page.rows.length === 0 && !page.more && page.resync === null && page.release === null;
  return held !== null && nothing && page.cursor === held.cursor;
}
