/** One connection to SQLite, used by one job at a time: a read sees no half of a transaction, two writes never mix. */

export type Value = string | number | boolean | null;

/** What a job may ask. Booleans are stored as 0 and 1. */
export interface Sql {
  /** Rows changed. */
  run(statement: string, ...values: readonly Value[]): Promise<number>;
  all<T>(statement: string, ...values: readonly Value[]): Promise<T[]>;
  first<T>(statement: string, ...values: readonly Value[]): Promise<T | null>;
}

export interface Db {
  /** Reads that see one state. */
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** All of the job's writes or none. Not from within another job: it would wait for itself. */
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** After the jobs that were asked for before. */
  close(): Promise<void>;
}

/** What of expo-sqlite is needed: the asynchronous calls, which are all that the web has. */
export interface Connection {
  execAsync(source: string): Promise<void>;
  runAsync(source: string, values: (string | number | null)[]): Promise<{ changes: number }>;
  getAllAsync<T>(source: string, values: (string | number | null)[]): Promise<T[]>;
  closeAsync(): Promise<void>;
}

export function database(connection: Connection): Db {
  const sql: Sql = {
    run: async (statement, ...values) => (await connection.runAsync(statement, values.map(bound))).changes,
    all: (statement, ...values) => connection.getAllAsync(statement, values.map(bound)),
    first: async <T>(statement: string, ...values: readonly Value[]) =>
      (await connection.getAllAsync<T>(statement, values.map(bound)))[0] ?? null,
  };
  let last: Promise<unknown> = Promise.resolve();
  const next = <T>(job: () => Promise<T>): Promise<T> => {
    const done = last.then(job);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    read: (work) => next(() => work(sql)),
    write: (work) => next(() => transaction(connection, () => work(sql))),
    close: () => next(() => connection.closeAsync()),
  };
}

async function transaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.execAsync('BEGIN IMMEDIATE');
  try {
    const result = await work();
    await connection.execAsync('COMMIT');
    return result;
  } catch (error) {
    // SQLite may have rolled back by itself (a full disk); the first error is the one to tell.
    await connection.execAsync('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function bound(value: Value): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value;
}
