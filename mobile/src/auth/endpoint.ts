/** The token endpoint, as both kinds of device ask it. */

import { AuthFailed } from './types';

export interface Issued {
  readonly access: string;
  /** Milliseconds since 1970, by this device's clock. */
  readonly expiresAt: number;
  /** The account that the ID token names; null in a renewal that brings none. */
  readonly account: string | null;
}

/** `renew` gives null when nobody is signed in. All throw AuthFailed. */
export interface TokenSource {
  redeem(code: string, verifier: string, redirectUri: string): Promise<Issued>;
  renew(): Promise<Issued | null>;
  end(): Promise<void>;
}

/** Post a form. `lasting` is the refresh token, where the server hands it out. Throws AuthFailed. */
export async function ask(
  url: string, form: Readonly<Record<string, string>>,
): Promise<Issued & { readonly lasting?: string }> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      credentials: 'same-origin',
      // A refresh token is good once: an answer that a closing page drops would sign the person out.
      keepalive: true,
    });
  } catch {
    throw new AuthFailed('offline');
  }
  const told = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  if (!answer.ok) {
    const detail = typeof told.error_description === 'string' ? told.error_description : `${answer.status}`;
    throw new AuthFailed(answer.status >= 500 || answer.status === 429 ? 'offline' : 'refused', detail);
  }
  const { access_token: access, expires_in: seconds, refresh_token: lasting, id_token: identity } = told;
  return {
    access: typeof access === 'string' ? access : '',
    expiresAt: Date.now() + (typeof seconds === 'number' ? seconds : 0) * 1000,
    account: typeof identity === 'string' ? subjectOf(identity) : null,
    ...(typeof lasting === 'string' ? { lasting } : {}),
  };
}

/** The subject of an ID token that came from the server itself, over its own address (OpenID Connect Core §3.1.3.7). */
export function subjectOf(token: string): string | null {
  try {
    const part = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const claims: unknown = JSON.parse(atob(part));
    const subject = typeof claims === 'object' && claims !== null ? (claims as { sub?: unknown }).sub : undefined;
    return typeof subject === 'string' ? subject : null;
  } catch {
    return null;
  }
}
