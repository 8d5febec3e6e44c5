/** Who is signed in on this device, and what screens can do about it. */

import type { Credentials } from '@/sync/types';

export type AccountState =
  | { readonly kind: 'signed-out' }
  | {
      readonly kind: 'signed-in';
      /** The account's UUID. */
      readonly id: string;
      readonly name: string | null;
      readonly email: string | null;
      /** The server ended the sign-in: everything stays here, and somebody has to sign in again to sync. */
      readonly ended: boolean;
    };

/** `left`: the page has gone to the server's sign-in and comes back at /auth. */
export type SignInResult = 'done' | 'cancelled' | 'left';

export interface Account {
  readonly credentials: Credentials;
  state(): AccountState;
  subscribe(listener: () => void): () => void;
  /** With `fresh` the server asks for the password again, as it wants before it erases. Throws AuthFailed. */
  signIn(options?: { readonly fresh?: boolean }): Promise<SignInResult>;
  /** What the server's redirect to /auth said. Throws AuthFailed. */
  finish(returned: string): Promise<void>;
  /** Ends the sign-in here and, when it can be reached, on the server. Records stay. */
  signOut(): Promise<void>;
  /** A request with the account's token. Throws AuthFailed when nobody is signed in, TypeError when offline. */
  request(path: string, options?: RequestInit): Promise<Response>;
}

/** Signing in did not work. `reason` says how, for the app's own words. */
export class AuthFailed extends Error {
  override readonly name = 'AuthFailed';
  constructor(
    readonly reason: 'offline' | 'refused' | 'cancelled' | 'stale' | 'other-account' | 'signed-out',
    readonly detail = '',
  ) {
    super(detail || reason);
  }
}
