/** One sync of a device (sync/device_sync.py): in one round trip when somebody is signed in, else by GET. */

import type { Models } from '@/generator/models';
import { recall, remember } from '@/store/meta';
import type { Inside } from '@/store/open';
import type { HeldRelease } from '@/store/documents';

import type { Fields } from './answers';
import {
  Later, NotOffered, Refused, SignatureInvalid, SignedOut, SignInNeeded, TransportError, UpdateNeeded,
} from './errors';
import { believed, heldKeys, withFreshKeys, type Believed } from './keys';
import { beginPull, pullByGet, type PullOutcome } from './pull';
import { trip, type TripReport } from './trip';
import { verify, type Keys } from './trust';
import { tokenOf, type Wire } from './wire';
import type { Credentials } from './types';

export interface OnceOptions {
  readonly inside: Inside;
  readonly wire: Wire;
  readonly credentials: Credentials;
  readonly models: Models | null;
  /** Keys that came with the app; null: the first ones that the server shows are pinned. */
  readonly trusted: Keys | null;
  /** Most changes in an answer. */
  readonly limit: number;
}

export type AccountOutcome = 'synced' | 'signed-out' | 'sign-in-again' | 'update-needed' | 'waiting' | 'offline' | 'failed';

export interface OnceReport {
  readonly account: AccountOutcome;
  /** Why the account is not synced, for the person; null where there is nothing to say. */
  readonly detail: string | null;
  readonly catalog: PullOutcome | 'failed' | 'skipped';
  readonly model: 'swapped' | 'unchanged' | 'none' | 'refused' | 'failed' | 'skipped';
  /** Why catalogue or model stayed what they were. */
  readonly problem: string | null;
  /** Seconds until the server wants to hear from this device again. */
  readonly nextAfterS: number | null;
  readonly live: string | null;
  readonly trip: TripReport | null;
}

/** What is remembered of when to come again; `hard`: it was asked for, not suggested. Milliseconds since 1970. */
export interface NextSync {
  readonly since: number;
  readonly at: number;
  readonly hard: boolean;
}

/** Seconds between two looks at the catalogue where nobody is signed in. */
const ALONE_S = 6 * 3600;

/** Bring everything up to date. Throws only what is a fault of this program, or of its database. */
export async function syncOnce(options: OnceOptions): Promise<OnceReport> {
  const { inside, wire, credentials } = options;
  const now = inside.wallMs();
  let account: AccountOutcome = 'synced';
  let detail: string | null = null;
  let report: TripReport | null = null;
  let unreachable: TransportError | Later | null = null;

  const trust = await attempt(() => believed(inside.db, wire, now, options.trusted));
  if (trust.error instanceof TransportError) unreachable = trust.error;
  try {
    await tokenOf(credentials, false);
    if (unreachable !== null) throw unreachable;
    report = await signedIn(options, trust.value);
    await comeAgain(inside, now, report.nextAfterS ?? 0, false);
  } catch (error) {
    account = outcomeOf(error);
    detail = account === 'signed-out' || account === 'offline' ? null : messageOf(error);
    if (error instanceof TransportError || error instanceof Later) unreachable = error;
    if (error instanceof Later) await comeAgain(inside, now, error.seconds, true);
  }
  if (account === 'signed-out' && unreachable === null) await comeAgain(inside, now, ALONE_S, false);
  if (unreachable !== null) return skipped(account, detail, unreachable.message);
  if (trust.value === null) {
    const known = { nextAfterS: report?.nextAfterS ?? null, live: report?.live ?? null, trip: report };
    return { ...skipped(account, detail, messageOf(trust.error)), catalog: 'failed', ...known };
  }

  const catalog = await attempt(() => catalogue(options, trust.value!, now, report));
  if (catalog.value === 'applied') inside.tell(['catalog']);
  const model = catalog.value === null ? null : await attempt(() => models(options, trust.value!, now, report));
  if (report?.healthCounted) await options.models?.healthCounted((await options.models.health())?.id ?? '');
  const problem = catalog.error ?? model?.error ?? null;
  return {
    account, detail, catalog: catalog.value ?? 'failed', model: model === null ? 'skipped' : (model.value ?? 'failed'),
    problem: problem === null ? null : messageOf(problem), nextAfterS: report?.nextAfterS ?? null, live: report?.live ?? null, trip: report,
  };
}

/** Milliseconds until the server wants to hear from us; 0: now. Without `ifDue` only what it demanded counts. */
export async function early(inside: Inside, ifDue: boolean): Promise<number> {
  const known = await inside.db.read((sql) => recall<NextSync>(sql, 'next_sync'));
  const now = inside.wallMs();
  // A wall clock that went back behind the answer says nothing.
  if (known === undefined || !(known.hard || ifDue) || now < known.since) return 0;
  return Math.max(0, known.at - now);
}

async function signedIn(options: OnceOptions, trust: Believed | null): Promise<TripReport> {
  const { inside, wire } = options;
  return trip({
    inside, wire, limit: options.limit,
    pull: trust === null ? null : await beginPull(inside.db, wire, trust.keys, trust.pin),
    wish: options.models === null ? null : await options.models.wish(),
    health: options.models === null ? null : await options.models.health(),
  });
}

/** The catalogue as the round trip brought it; by GET where it brought none. */
async function catalogue({ inside, wire }: OnceOptions, trust: Believed, now: number, report: TripReport | null): Promise<PullOutcome> {
  if (report !== null && report.catalog !== null) return report.catalog;
  // A signature that does not fit may be by a key that newer statements name: that way asks for them.
  const refused = report?.catalogProblem ?? null;
  if (refused !== null && !(refused instanceof SignatureInvalid)) throw refused;
  return withFreshKeys(inside.db, wire, trust.keys, now, (keys) => pullByGet(inside.db, wire, keys, trust.pin));
}

/** The model that the round trip offered; asked for by GET where there was none. */
async function models(options: OnceOptions, trust: Believed, now: number, report: TripReport | null): Promise<OnceReport['model']> {
  const { inside, wire } = options;
  if (options.models === null) return 'skipped';
  const release = (await inside.db.read((sql) => recall<HeldRelease>(sql, 'catalog')))?.release;
  if (release === undefined) return 'skipped';
  if (report?.told && report.model === null) return 'unchanged';
  const work = async (keys: Keys): Promise<OnceReport['model']> => {
    const around = {
      verify: async (envelope: unknown): Promise<Fields> => verify(envelope, keys),
      catalogRelease: release,
      get: (path: string, headers: Readonly<Record<string, string>>) => wire.open(path, headers),
    };
    const done = report?.told ? await options.models!.offer(report.model, around) : await options.models!.update(around);
    if (done.outcome === 'swapped') await trust.pin();
    return done.outcome;
  };
  // The catalogue's pull may have followed a statement.
  return withFreshKeys(inside.db, wire, (await heldKeys(inside.db, now)) ?? trust.keys, now, work);
}

async function comeAgain(inside: Inside, since: number, seconds: number, hard: boolean): Promise<void> {
  await inside.db.write((sql) => remember(sql, 'next_sync', { since, at: since + seconds * 1000, hard } satisfies NextSync));
}

function skipped(account: AccountOutcome, detail: string | null, problem: string): OnceReport {
  return { account, detail, catalog: 'skipped', model: 'skipped', problem, nextAfterS: null, live: null, trip: null };
}

function outcomeOf(error: unknown): AccountOutcome {
  if (error instanceof SignedOut) return 'signed-out';
  if (error instanceof SignInNeeded) return 'sign-in-again';
  if (error instanceof UpdateNeeded) return 'update-needed';
  if (error instanceof Later) return 'waiting';
  if (error instanceof TransportError) return 'offline';
  if (error instanceof Refused || error instanceof NotOffered) return 'failed';
  throw error;
}

/** Names under which the generator's part of a sync refuses things, besides those of `errors.ts`. */
const FOREIGN = ['Refused', 'Interrupted'];

async function attempt<T>(work: () => Promise<T>): Promise<{ readonly value: T | null; readonly error: Error | null }> {
  try {
    return { value: await work(), error: null };
  } catch (error) {
    const known = error instanceof Refused || error instanceof SignatureInvalid || error instanceof TransportError
      || (error instanceof Error && FOREIGN.includes(error.name));
    if (!known) throw error;
    return { value: null, error };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
