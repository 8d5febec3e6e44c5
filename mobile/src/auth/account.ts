/** The account on this device: who it is, its tokens, and the round through the server's sign-in page. */

import type { Store } from '@/store/types';

import type { Issued, TokenSource } from './endpoint';
import { AuthFailed, type Account, type AccountState } from './types';

/** Local key: who is signed in. */
const KEY = 'account';
/** Local key: the account that the records here belong to; it outlives a sign-out. */
export const OWNER = 'account-owner';
/** Renewed this long before it ends, so that a request under way does not meet the end. */
const SPARE_MS = 30_000;

type Kept = Extract<AccountState, { kind: 'signed-in' }>;

/** The part of a sign-in that differs between a phone and a page. `leave` gives null where the page goes away. */
export interface SignInPage {
  readonly redirectUri: string;
  leave(server: string, fresh: boolean): Promise<{ returned: string; verifier: string; state: string } | null | 'cancelled'>;
  /** What `leave` kept before the page went away; gone once read. */
  pending(): { verifier: string; state: string } | null;
}

/** Open the account of this device. Needs no network. */
export async function openAccount(
  store: Store, server: string, tokens: TokenSource, page: SignInPage,
): Promise<Account> {
  let state: AccountState = (await store.recall<Kept>(KEY)) ?? { kind: 'signed-out' };
  let issued: Issued | null = null;
  let renewing: Promise<string | null> | null = null;
  const listeners = new Set<() => void>();

  const become = async (next: AccountState): Promise<void> => {
    state = next;
    if (next.kind === 'signed-in') await store.remember(KEY, next);
    else await store.forget(KEY);
    listeners.forEach((listener) => listener());
  };

  const renew = async (): Promise<string | null> => {
    try {
      issued = await tokens.renew();
    } catch (error) {
      if (!(error instanceof AuthFailed) || error.reason !== 'refused') throw error;
      issued = null;
    }
    if (state.kind === 'signed-in' && state.ended !== (issued === null)) {
      await become({ ...state, ended: issued === null });
    }
    return issued?.access ?? null;
  };

  const token = async (again = false): Promise<string | null> => {
    if (state.kind === 'signed-out') return null;
    if (!again && issued !== null && issued.expiresAt - SPARE_MS > Date.now()) return issued.access;
    // A refresh token is good once: two who need it at the same moment share one renewal.
    renewing ??= renew().finally(() => {
      renewing = null;
    });
    return renewing;
  };

  const request = async (path: string, options: RequestInit = {}): Promise<Response> => {
    const send = async (again: boolean): Promise<Response> => {
      const access = await token(again);
      if (access === null) throw new AuthFailed('signed-out');
      return fetch(`${server}${path}`, {
        ...options, headers: { ...options.headers, Authorization: `Bearer ${access}` },
      });
    };
    const answer = await send(false);
    // A 401 that names what is missing is about the sign-in, not about the token (RFC 9470).
    const stale = answer.status === 401 && !(answer.headers.get('WWW-Authenticate') ?? '').includes('insufficient');
    return stale ? send(true) : answer;
  };

  const arrive = async (code: string, verifier: string): Promise<void> => {
    const given = await tokens.redeem(code, verifier, page.redirectUri);
    const id = given.account;
    if (id === null) throw new AuthFailed('refused', 'The server did not say whose sign-in this is.');
    const owner = await store.recall<string>(OWNER);
    if (owner !== undefined && owner !== id) {
      await tokens.end().catch(() => undefined);
      throw new AuthFailed('other-account');
    }
    issued = given;
    await store.remember(OWNER, id);
    await become({ kind: 'signed-in', id, name: null, email: null, ended: false });
    await describe();
  };

  /** Name and address, for the screen; a server that is away leaves them as they are. */
  const describe = async (): Promise<void> => {
    try {
      const told = (await (await request('/v1/account')).json()) as { name?: unknown; email?: unknown };
      if (state.kind !== 'signed-in') return;
      const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
      await become({ ...state, name: text(told.name), email: text(told.email) });
    } catch {
      // Told the next time.
    }
  };

  const finishWith = async (returned: string, kept: { verifier: string; state: string } | null): Promise<void> => {
    const said = new URL(returned).searchParams;
    const code = said.get('code');
    if (kept === null || said.get('state') !== kept.state || (said.get('iss') ?? server) !== server) {
      throw new AuthFailed('stale');
    }
    if (said.get('error') === 'access_denied') throw new AuthFailed('cancelled');
    if (code === null) throw new AuthFailed('refused', said.get('error_description') ?? said.get('error') ?? '');
    await arrive(code, kept.verifier);
  };

  return {
    credentials: { server, token, ended: () => state.kind === 'signed-in' && state.ended },
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async signIn(options = {}) {
      const back = await page.leave(server, options.fresh ?? false);
      if (back === null) return 'left';
      if (back === 'cancelled') return 'cancelled';
      await finishWith(back.returned, back);
      return 'done';
    },
    finish: (returned) => finishWith(returned, page.pending()),
    async signOut() {
      issued = null;
      await become({ kind: 'signed-out' });
      // Offline the sign-in stays on the server's list of devices until it lapses or is ended there.
      await tokens.end().catch(() => undefined);
    },
    request,
  };
}
