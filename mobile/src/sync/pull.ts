/**
 * How the catalogue is brought up to date (sync/device_catalog.py): pages or a snapshot are staged, checked against the signed
 * digest, and let in whole.
 */

import type { Db } from '@/store/db';
import {
  applyStaged, discardStaging, documentDigests, stageDocuments, stagedDigests, type HeldRelease, type Staging,
} from '@/store/documents';
import { recall, remember } from '@/store/meta';

import {
  isObject, member, parseJson, readCatalogManifest, readCatalogPage, readRows, type CatalogManifest, type CatalogPage, type Fields,
} from './answers';
import { copyDigest, sha256Hex } from './digest';
import { Refused, SignatureInvalid, TransportError } from './errors';
import { verify, type Keys } from './trust';
import type { Wire } from './wire';

const MAX_PAGES = 10_000;
const BAD_CURSOR = [400, 410, 422];

/** What became of the catalogue. none: nothing was ever published. */
export type PullOutcome = 'applied' | 'unchanged' | 'none';

class DigestDiffers extends Refused {}

/**
 * One way from the release that the device holds to the server's newest, a page at a time: ask with `cursor()`, give what came to
 * `take`, until that returns an outcome. `take` throws Refused, SignatureInvalid or TransportError, and then what the person
 * sees is untouched; pages staged before a broken answer are kept for the next try.
 */
export interface Pull {
  readonly held: HeldRelease | null;
  /** Where to go on from; null: from nothing. */
  cursor(): string | null;
  /** The server cannot read the cursor: begin from nothing, once. False when that was done before. */
  badCursor(): Promise<boolean>;
  take(page: CatalogPage): Promise<PullOutcome | null>;
}

/** `keys`: whom to believe; `pin` is called before a release is let in. */
export async function beginPull(db: Db, wire: Wire, keys: Keys, pin: () => Promise<void>): Promise<Pull> {
  const held = (await db.read((sql) => recall<HeldRelease>(sql, 'catalog'))) ?? null;
  let staging: Staging = (await db.read((sql) => recall<Staging>(sql, 'staging'))) ?? {
    full: held === null, resync: null, cursor: held?.cursor ?? null, source: held === null ? null : 'changes',
  };
  const resumed = staging.cursor !== (held?.cursor ?? null);
  let healed = false;
  let resyncs = 0;

  const startOver = async (resync: string | null): Promise<Staging> => {
    await discardStaging(db);
    return { full: true, resync, cursor: null, source: null };
  };

  const finish = async (page: CatalogPage): Promise<PullOutcome | null> => {
    try {
      return await letIn(db, page, staging, held, keys, pin);
    } catch (error) {
      // A damaged copy or a half-remembered staging: once more, from nothing.
      if (error instanceof DigestDiffers && !healed && !(staging.full && !resumed)) {
        healed = true;
        staging = await startOver(staging.resync);
        return null;
      }
      if (error instanceof Refused || error instanceof SignatureInvalid) await discardStaging(db);
      throw error;
    }
  };

  return {
    held,
    cursor: () => staging.cursor,
    async badCursor() {
      if (staging.cursor === null || healed) return false;
      // Nobody signs a cursor: this one was damaged on its way to us, so it is worth nothing.
      healed = true;
      staging = await startOver(staging.resync ?? 'cursor');
      return true;
    },
    async take(page) {
      if (page.resync !== null) {
        resyncs += 1;
        if (resyncs > 2) throw new Refused('the server asks to start over again and again');
        staging = await startOver(page.resync);
      }
      if (staging.cursor === null) {
        // A snapshot that led to a resync is too old to continue from.
        const staged = page.snapshot !== null && resyncs < 2 ? await stageSnapshot(db, wire, page.snapshot, staging) : null;
        if (staged !== null) {
          staging = staged;
          return null;
        }
        staging = { ...staging, source: 'pages' };
      } else if (page.more && page.cursor === staging.cursor) {
        throw new Refused("the server's answer leads nowhere: it says there is more, but not where");
      }
      staging = { ...staging, cursor: page.cursor };
      if (!page.more) return finish(page);
      await stageDocuments(db, page.rows, staging);
      return null;
    },
  };
}

/** Bring the catalogue to the server's newest complete release by GET, for a device that nobody is signed in on. */
export async function pullByGet(db: Db, wire: Wire, keys: Keys, pin: () => Promise<void>): Promise<PullOutcome> {
  const way = await beginPull(db, wire, keys, pin);
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const cursor = way.cursor();
    const query = cursor === null ? '' : `?since=${encodeURIComponent(cursor)}`;
    const { status, body } = await wire.get(`/v1/catalog/changes${query}`, { Accept: 'application/json' });
    if (status === 404 && way.held === null) return 'none';
    if (BAD_CURSOR.includes(status) && (await way.badCursor())) continue;
    if (status >= 500 || status === 429) throw new TransportError(`the server answered ${status}`);
    if (status !== 200) throw new Refused(`the server answered ${status} to /v1/catalog/changes`);
    const outcome = await way.take(await readCatalogPage(parseJson(body)));
    if (outcome !== null) return outcome;
  }
  throw new Refused("the server's answer never ends");
}

/** Stage the snapshot that the server offers; null when it cannot be had whole: the pages then do instead. */
async function stageSnapshot(db: Db, wire: Wire, hint: Fields, staging: Staging): Promise<Staging | null> {
  try {
    const [url, sha256, cursor] = [member(hint, 'url', 'string'), member(hint, 'sha256', 'string'), member(hint, 'cursor', 'string')];
    const { status, body } = await wire.get(url, { Accept: 'application/json' });
    if (status !== 200 || sha256Hex(body) !== sha256) return null;
    const staged = { ...staging, cursor, source: 'snapshot' };
    await stageDocuments(db, await readRows(parseJson(body)), staged);
    return staged;
  } catch (error) {
    if (error instanceof TransportError || error instanceof Refused) return null;
    throw error;
  }
}

/** Check the complete checkpoint against its signed manifest and let it in, in one transaction. */
async function letIn(
  db: Db, page: CatalogPage, staging: Staging, held: HeldRelease | null, keys: Keys, pin: () => Promise<void>,
): Promise<PullOutcome> {
  if (page.release === null) {
    if (held !== null || page.rows.length > 0) throw new Refused('the server sent a catalogue without a signed release');
    await discardStaging(db);
    return 'none';
  }
  const manifest = readCatalogManifest(verify(page.release, keys));
  refuseRollback(manifest, held, staging.resync);
  await stageDocuments(db, page.rows, staging);
  const [before, after] = await db.read(async (sql) => [await documentDigests(sql), await stagedDigests(sql, staging.full)]);
  const found = copyDigest(after);
  if (found !== manifest.digest || after.length !== manifest.documents) {
    throw new DigestDiffers(`the documents of release ${manifest.release} are not the ones that were signed`);
  }
  const left = new Set([...(held?.epochs_left ?? []), ...(held === null ? [] : [held.epoch])]);
  left.delete(manifest.epoch);
  const release: HeldRelease = {
    cursor: page.cursor, key_id: isObject(page.release) ? String(page.release.key_id) : '', epoch: manifest.epoch,
    epochs_left: [...left].sort(), release: manifest.release, digest: manifest.digest, published_at: manifest.published_at,
  };
  await pin();
  await db.write(async (sql) => {
    await applyStaged(sql, staging.full);
    await remember(sql, 'catalog', release);
  });
  return held === null || held.release !== manifest.release || copyDigest(before) !== found ? 'applied' : 'unchanged';
}

/** Signatures do not age: an old release, truly signed, must not replace a newer one. */
function refuseRollback(manifest: CatalogManifest, held: HeldRelease | null, resync: string | null): void {
  if (held === null) return;
  const sameEpoch = manifest.epoch === held.epoch;
  if (held.epochs_left.includes(manifest.epoch)) {
    throw new Refused(`release ${manifest.release} is of an epoch that this device has left for good`);
  }
  if (manifest.release < held.release && (sameEpoch || resync === null)) {
    throw new Refused(`release ${manifest.release} is older than release ${held.release}, which this device holds`);
  }
  if (manifest.release === held.release && sameEpoch && manifest.digest !== held.digest) {
    throw new Refused(`release ${held.release} comes with other documents than the ones held under that number`);
  }
}
