/** What screens know of the sync. */

export type SyncPhase =
  | 'signed-out' // everything stays here, nothing is lost
  | 'idle'
  | 'syncing'
  | 'offline' // the server could not be reached; it is tried again by itself
  | 'waiting' // the server asked to wait
  | 'sign-in-again'
  | 'update-needed';

export interface SyncState {
  readonly phase: SyncPhase;
  /** Changes that the server has not acknowledged. */
  readonly waiting: number;
  /** Changes that it refused, which a person has to look at. */
  readonly refused: number;
  /** Milliseconds since 1970 of the last complete sync, null before the first. */
  readonly lastAt: number | null;
  /** A sentence of the server's, or null. */
  readonly detail: string | null;
}

export interface Sync {
  state(): SyncState;
  subscribe(listener: () => void): () => void;
  /** One whole sync now. Never throws: what went wrong is in the state. */
  now(): Promise<SyncState>;
  stop(): void;
}

/** How the engine gets a token; auth implements it. */
export interface Credentials {
  /** Address of the server, without a slash at its end. */
  readonly server: string;
  /**
   * A valid access token, renewed when needed; null when nobody is signed in or the server ended the sign-in. `renew`: the
   * last one was refused. Throws when the server cannot be asked.
   */
  token(renew?: boolean): Promise<string | null>;
  /** Whether somebody was signed in here and the server ended it; without it, no token means nobody is signed in. */
  ended?(): boolean;
}
