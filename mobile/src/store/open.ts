/** The store over any connection: `index.ts` opens the app's own, tests open theirs. */

import { BUNDLED_DIGEST, bundledCatalog } from './bundled';
import { appendOnly, ChangeError, checkDelete, checkFields, checkId, COLLECTIONS } from './check';
import { forgetAccount, readRecord, readRecords } from './copy';
import { database, type Connection, type Db, type Sql } from './db';
import { importBundled, readCatalogCopy } from './documents';
import { entropy as systemEntropy } from './entropy';
import { recall, remember } from './meta';
import { add, compact, counts, drop, entries, retry, type Entry } from './outbox';
import { prepare } from './schema';
import { deviceId, stamp, type Entropy } from './stamps';
import type { CatalogCopy, Change, Collection, Fields, Rec, Refusal, Store } from './types';
import { uuid7 } from './uuid';

export interface Options {
  /** Milliseconds since 1970. */
  readonly wallMs?: () => number;
  readonly entropy?: Entropy;
  readonly onClose?: () => void;
  readonly bundled?: { readonly digest: string; readonly read: () => Promise<CatalogCopy> };
}

/** What the sync engine needs of a store that screens must not touch. */
export interface Inside {
  readonly db: Db;
  readonly wallMs: () => number;
  readonly entropy: Entropy;
  /** Grows whenever the person's data was taken off: what was asked for before then must not be written any more. */
  era(): number;
  tell(changed: Iterable<string>): void;
  /** One sync at a time: two would send the same and stage into one place. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

const insides = new WeakMap<Store, Inside>();

/** Throws for a store that was not opened here. */
export function insideOf(store: Store): Inside {
  const found = insides.get(store);
  if (found === undefined) throw new Error('not a store that was opened by openStore');
  return found;
}

/** Throws NewerDatabase for a database of a newer app. */
export async function storeOver(connection: Connection, options: Options = {}): Promise<Store> {
  const { wallMs = Date.now, entropy = systemEntropy } = options;
  const bundled = options.bundled ?? { digest: BUNDLED_DIGEST, read: bundledCatalog };
  await prepare(connection);
  const db = database(connection);
  await importBundled(db, bundled.digest, bundled.read);

  const listeners = new Set<(changed: ReadonlySet<string>) => void>();
  let eras = 0;
  const tell = (changed: Iterable<string>): void => {
    const set = new Set(changed);
    if (set.size > 0) for (const listener of [...listeners]) listener(set);
  };

  const local = async (key: string, value: unknown): Promise<void> => {
    await db.write((sql) => remember(sql, key, value, 'local'));
    tell([`local:${key}`]);
  };

  const store: Store = {
    list: <T>(collection: Collection) => db.read((sql) => readRecords(sql, collection)) as Promise<Rec<T>[]>,
    get: async <T>(collection: Collection, id: string) => {
      const data = await db.read((sql) => readRecord(sql, collection, id));
      return data === null ? null : ({ id, data } as Rec<T>);
    },
    write: async (changes) => {
      await db.write(async (sql) => {
        const device = await deviceId(sql, entropy);
        for (const change of changes) await writeOne(sql, change, wallMs(), device);
      });
      tell(changes.map((change) => change.collection));
    },
    create: async (collection, fields) => {
      const id = uuid7(wallMs(), entropy(10));
      // A session names itself: docs/sync-records.md.
      await store.write([{ collection, id, set: collection === 'session' ? { ...fields, id } : fields }]);
      return id;
    },
    recall: (key) => db.read((sql) => recall(sql, key, 'local')),
    remember: (key, value) => local(key, value),
    forget: (key) => local(key, undefined),
    catalog: () => db.read(readCatalogCopy),
    waiting: async () => {
      const { pending, acked } = await db.read(counts);
      return pending + acked;
    },
    refusals: async () => (await db.read((sql) => entries(sql, "state = 'refused'"))).map(refusalOf),
    sendAgain: async (place) => {
      await db.write(async (sql) => retry(sql, place, await stamp(sql, wallMs(), await deviceId(sql, entropy))));
      tell([...COLLECTIONS, 'refusals']);
    },
    drop: async (place) => {
      await db.write((sql) => drop(sql, place));
      tell([...COLLECTIONS, 'refusals']);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    everything: () => db.read(async (sql) => {
      const all: Partial<Record<Collection, Rec[]>> = {};
      for (const collection of COLLECTIONS) all[collection] = await readRecords(sql, collection);
      return all as Record<Collection, Rec[]>;
    }),
    erase: async () => {
      eras += 1;
      const keys = await db.write(async (sql) => {
        await forgetAccount(sql);
        const gone = await sql.all<{ key: string }>('SELECT key FROM local');
        await sql.run('DELETE FROM local');
        return gone.map(({ key }) => `local:${key}`);
      });
      tell([...COLLECTIONS, 'refusals', ...keys]);
    },
    close: async () => {
      await db.close();
      options.onClose?.();
    },
  };
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  insides.set(store, { db, wallMs, entropy, tell, alone, era: () => eras });
  return store;
}

function refusalOf({ number, collection, id, fields, error }: Entry): Refusal {
  const of = { collection: collection as Collection, id };
  return {
    place: number,
    change: fields === null ? { ...of, delete: true } : { ...of, set: fields },
    code: error?.code ?? '', field: error?.field || null, detail: error?.detail ?? '',
  };
}

/** Checked against what the person sees, stamped and put into the outbox. Deleting what is not there is nothing. */
async function writeOne(sql: Sql, change: Change, wallMs: number, device: string): Promise<void> {
  const { collection, id } = change;
  checkId(collection, id);
  const before = await readRecord(sql, collection, id);
  if ('delete' in change) {
    checkDelete(collection);
    if (before !== null) await add(sql, collection, id, null, await stamp(sql, wallMs, device));
    return;
  }
  const fields = withoutUndefined(change.set);
  checkFields(collection, fields, before);
  if (collection === 'session' && fields.id !== id) throw new ChangeError('id', "must be the record's id");
  const hlc = await stamp(sql, wallMs, device);
  await add(sql, collection, id, fields, hlc);
  if (!appendOnly(collection)) await compact(sql, collection, id, hlc);
}

function withoutUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
