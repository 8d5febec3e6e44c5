/** HTTP as the sync needs it: time limits, a token, an id for each request, and what other answers than 200 mean. */

import type { Entropy } from '@/store/stamps';
import { toHex } from '@/store/uuid';

import { isObject, member, parseJson } from './answers';
import { Later, NotOffered, Refused, SignedOut, SignInNeeded, TransportError, Unfit, UpdateNeeded } from './errors';
import type { Credentials } from './types';

export const SYNC_URL = '/v1/sync';
/** Milliseconds for one whole answer. */
const PATIENCE_MS = 60_000;
const COMPRESS_FROM = 1 << 10;
const LATER_S = 60;
const LONGEST_S = 86_400;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export type Headed = Readonly<Record<string, string>>;

export interface Wire {
  /** GET without a token. Throws TransportError. */
  get(url: string, headers?: Headed): Promise<Answer>;
  /** The same, as the answer comes, for what is large. */
  open(url: string, headers?: Headed): Promise<Response>;
  /** The JSON of the account's answer with 200. Throws TransportError, Refused and what `errors.ts` names for the others. */
  call(method: 'GET' | 'POST', url: string, body?: object): Promise<unknown>;
}

/** `fetcher` is the platform's `fetch`. */
export function wireTo(credentials: Credentials, entropy: Entropy, fetcher: typeof fetch = fetch): Wire {
  const open = async (url: string, headers: Headed = {}, init: RequestInit = {}): Promise<Response> => {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      return await fetcher(address(credentials.server, url), { ...init, headers, signal: patience.signal, cache: 'no-store' });
    } catch (error) {
      throw new TransportError(`the server cannot be reached: ${reason(error)}`);
    } finally {
      clearTimeout(timer);
    }
  };

  const whole = async (url: string, headers?: Headed, init?: RequestInit): Promise<Answer> => {
    const response = await open(url, headers, init);
    const body = await within(response.arrayBuffer());
    return { status: response.status, headers: response.headers, body: new Uint8Array(body) };
  };

  const ask = async (method: string, url: string, content: string | null, request: string, renew: boolean): Promise<Answer> => {
    const token = await tokenOf(credentials, renew);
    const headers: Record<string, string> = { Accept: 'application/json', Authorization: `Bearer ${token}`, 'X-Request-ID': request };
    const init: RequestInit = { method };
    if (content !== null) {
      headers['Content-Type'] = 'application/json';
      const packed = await compressed(content);
      if (packed !== null) headers['Content-Encoding'] = 'gzip';
      init.body = packed ?? content;
    }
    const answer = await whole(url, headers, init);
    if (answer.status === 429 || answer.status === 503) throw later(answer.headers.get('retry-after') ?? '');
    return answer;
  };

  return {
    get: (url, headers) => whole(url, headers),
    open: (url, headers) => open(url, headers),
    async call(method, url, body) {
      const request = toHex(entropy(12));
      const content = body === undefined ? null : JSON.stringify({ ...body, request });
      let answer = await ask(method, url, content, request, false);
      if (answer.status === 401) answer = await ask(method, url, content, request, true);
      if (answer.status === 401) throw new SignInNeeded('the server does not accept this sign-in; sign in again');
      if (answer.status !== 200) throw problem(answer, url);
      const said = parseJson(answer.body);
      // A late answer to an earlier request would acknowledge what was never received.
      if (content !== null && member(said, 'request', 'string') !== request) {
        throw new TransportError('the answer is not to what was asked');
      }
      return said;
    },
  };
}

/** A token. Throws SignedOut where there is none, SignInNeeded where a new one was refused, TransportError. */
export async function tokenOf(credentials: Credentials, renew: boolean): Promise<string> {
  let token: string | null;
  try {
    token = await credentials.token(renew);
  } catch (error) {
    // Without an answer of the server's nobody was refused: it is tried again.
    throw new TransportError(`there is no token to be had: ${reason(error)}`);
  }
  if (token !== null) return token;
  throw renew || credentials.ended?.() ? new SignInNeeded('this sign-in has ended; sign in again') : new SignedOut('nobody is signed in');
}

/** An absolute address. Throws TransportError for anything but http. */
export function address(server: string, url: string): string {
  const base = server === '' ? globalThis.location?.origin : server;
  try {
    const made = new URL(url, base);
    if (made.protocol === 'http:' || made.protocol === 'https:') return made.href;
  } catch {
    // falls through
  }
  throw new TransportError(`${url.slice(0, 200)} is not an http address`);
}

function problem(answer: Answer, url: string): Error {
  let body: unknown = null;
  try {
    body = parseJson(answer.body);
  } catch {
    // no problem document
  }
  const detail = isObject(body) && typeof body.detail === 'string' ? body.detail.slice(0, 500) : '';
  if (answer.status === 426) return new UpdateNeeded(detail || 'this version is too old to sync; update it');
  if (answer.status === 404 && url === SYNC_URL) return new NotOffered('the server does not sync accounts');
  if (answer.status === 413 || answer.status === 422) {
    return new Unfit(answer.status, isObject(body) && isObject(body.errors) ? Object.keys(body.errors).sort() : [], detail);
  }
  if (answer.status >= 500) return new TransportError(`the server answered ${answer.status}`);
  return new Refused(`the server answered ${answer.status}${detail ? `: ${detail}` : ''}`);
}

function later(wait: string): Later {
  return new Later(/^[0-9]{1,9}$/.test(wait) ? Math.min(Number(wait), LONGEST_S) : LATER_S);
}

/** The whole body, within the patience. */
async function within<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw new TransportError(`the answer broke off: ${reason(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Gzip where it pays and the platform has it; phones send it as it is. */
async function compressed(content: string): Promise<ArrayBuffer | null> {
  if (content.length < COMPRESS_FROM || typeof CompressionStream === 'undefined') return null;
  const packed = new Blob([content]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Response(packed).arrayBuffer();
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
