/**
 * Everything of a person on this device as one file, and back: export, wipe, import gives the same records.
 *
 * Taking a file in never overwrites: what this device lacks is added, what it has stays.
 */

import type { Change, Collection, Fields, Rec } from '@/store/types';

export const FORMAT = 'limber-device';
export const VERSION = 1;

export type Records = Readonly<Partial<Record<Collection, readonly Rec[]>>>;

export interface Archive {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** RFC 3339. */
  readonly made_at: string;
  readonly records: Records;
}

/** Written by the server only; devices get it by syncing. */
const READ_ONLY: ReadonlySet<string> = new Set<Collection>(['constraint']);
const APPEND_ONLY: ReadonlySet<string> = new Set<Collection>(['assessment', 'session', 'feedback']);
const COLLECTIONS: readonly Collection[] = [
  'profile', 'preferences', 'assessment', 'routine', 'session', 'feedback', 'exercise_pref',
];

/** The file is not one of ours. `reason` is a key of the account screen's words. */
export class ArchiveInvalid extends Error {
  override readonly name = 'ArchiveInvalid';
  constructor(readonly reason: 'not-json' | 'not-ours' | 'newer' | 'damaged', readonly where = '') {
    super(where === '' ? reason : `${reason}: ${where}`);
  }
}

export function makeArchive(records: Records, now: Date): Archive {
  return { format: FORMAT, version: VERSION, made_at: now.toISOString(), records };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws ArchiveInvalid. */
export function readArchive(text: string): Archive {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new ArchiveInvalid('not-json');
  }
  if (!isObject(found) || found.format !== FORMAT || !isObject(found.records)) throw new ArchiveInvalid('not-ours');
  if (typeof found.version !== 'number' || found.version > VERSION) throw new ArchiveInvalid('newer');
  for (const [collection, list] of Object.entries(found.records)) {
    if (!Array.isArray(list)) throw new ArchiveInvalid('damaged', collection);
    list.forEach((record: unknown, place) => {
      if (!isObject(record) || typeof record.id !== 'string' || !isObject(record.data)) {
        throw new ArchiveInvalid('damaged', `${collection}[${place}]`);
      }
    });
  }
  return found as unknown as Archive;
}

export interface Plan {
  readonly changes: readonly Change[];
  /** Records that were not here at all. */
  readonly added: number;
  /** Records that were here and get fields that they lacked. */
  readonly completed: number;
  /** Records of which all is here. */
  readonly same: number;
}

/** What taking `archive` in writes, given what is here. */
export function planImport(archive: Archive, here: Records): Plan {
  const changes: Change[] = [];
  let [added, completed, same] = [0, 0, 0];
  for (const collection of COLLECTIONS) {
    const held = new Map((here[collection] ?? []).map(({ id, data }) => [id, data]));
    for (const { id, data } of archive.records[collection] ?? []) {
      const known = held.get(id);
      if (known === undefined) {
        changes.push({ collection, id, set: data as Fields });
        added += 1;
        continue;
      }
      const missing = Object.entries(data).filter(([name]) => !(name in known));
      if (missing.length === 0 || APPEND_ONLY.has(collection)) same += 1;
      else {
        changes.push({ collection, id, set: Object.fromEntries(missing) });
        completed += 1;
      }
    }
  }
  return { changes, added, completed, same };
}

/** Of what the file holds, the collections that are left out, as only the server writes them or nobody knows them. */
export function leftOut(archive: Archive): string[] {
  return Object.entries(archive.records)
    .filter(([name, list]) => (READ_ONLY.has(name) || !COLLECTIONS.includes(name as Collection)) && list.length > 0)
    .map(([name]) => name);
}
