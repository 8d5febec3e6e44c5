/** What every part of the app asks of the phone's own database. `index.ts` opens the real one. */

import type { StoredDocument } from '@/generator/catalog';

/** The collections of docs/sync-records.md. */
export type Collection =
  | 'profile' | 'preferences' | 'assessment' | 'routine' | 'session' | 'feedback' | 'exercise_pref' | 'constraint';

export type Fields = Readonly<Record<string, unknown>>;

/** One live record as the person sees it: the server's copy with what is not settled laid over it. */
export interface Rec<T = Fields> {
  readonly id: string;
  readonly data: Readonly<Partial<T>>;
}

/** One change of the person's. `set` names only the fields that change; null clears one. */
export type Change =
  | { readonly collection: Collection; readonly id: string; readonly set: Fields }
  | { readonly collection: Collection; readonly id: string; readonly delete: true };

/** A patch that the server will not take as it is; it waits to be sent again or dropped. */
export interface Refusal {
  readonly place: number;
  readonly change: Change;
  readonly code: string;
  readonly field: string | null;
  readonly detail: string;
}

export interface CatalogCopy {
  readonly release: number;
  readonly documents: readonly StoredDocument[];
}

export interface Store {
  list<T = Fields>(collection: Collection): Promise<Rec<T>[]>;
  get<T = Fields>(collection: Collection, id: string): Promise<Rec<T> | null>;
  /** Stamped, checked and written in one transaction: all or none. Throws ChangeError naming the field. */
  write(changes: readonly Change[]): Promise<void>;
  /** A record of its own, under a new UUIDv7, which it returns. */
  create(collection: Collection, fields: Fields): Promise<string>;

  /** What only this device knows (drafts, the player's place, onboarding done): any JSON, undefined where unset. */
  recall<T>(key: string): Promise<T | undefined>;
  remember(key: string, value: unknown): Promise<void>;
  forget(key: string): Promise<void>;

  /** The catalogue release in use: the one that came with the app until a newer one was synced. */
  catalog(): Promise<CatalogCopy>;

  waiting(): Promise<number>;
  refusals(): Promise<Refusal[]>;
  sendAgain(place: number): Promise<void>;
  drop(place: number): Promise<void>;

  /** Told the collections, `local:<key>`, `catalog` or `refusals` that changed, after the transaction. Returns how to stop. */
  subscribe(listener: (changed: ReadonlySet<string>) => void): () => void;
  /** Everything on this device, also what was never sent: for export, and before an import. */
  everything(): Promise<Record<Collection, Rec[]>>;
  /** Forget the person: records, outbox, cursors, device id, local keys. The catalogue and model stay. */
  erase(): Promise<void>;
  close(): Promise<void>;
}
