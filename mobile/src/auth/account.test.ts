/** Signing in, renewing and signing out, against a token endpoint that behaves as the server's does. */

import { openAccount, OWNER, type SignInPage } from './account';
import { subjectOf, type Issued, type TokenSource } from './endpoint';
import { AuthFailed, type Account } from './types';
import type { Store } from '@/store/types';

const SERVER = 'https://limber.example';
const MIA = '7f1c0000-0000-7000-8000-000000000001';

/** The part of the store that an account asks for. */
function memory(kept: Record<string, unknown> = {}): Store & { kept: Record<string, unknown> } {
  return {
    kept,
    recall: async (key: string) => kept[key],
    remember: async (key: string, value: unknown) => void (kept[key] = value),
    forget: async (key: string) => void delete kept[key],
  } as unknown as Store & { kept: Record<string, unknown> };
}

interface Scene {
  account: Account;
  store: ReturnType<typeof memory>;
  calls: string[];
  /** What the next renewal does. */
  renewal: () => Promise<Issued | null>;
}

function issued(name: string, seconds = 600, account: string | null = MIA): Issued {
  return { access: name, expiresAt: Date.now() + seconds * 1000, account };
}

async function scene(options: { who?: string; returned?: string; store?: ReturnType<typeof memory> } = {}): Promise<Scene> {
  const calls: string[] = [];
  const store = options.store ?? memory();
  const made = { calls, store, renewal: async () => issued('renewed') } as unknown as Scene;
  const tokens: TokenSource = {
    async redeem(code, verifier) {
      calls.push(`redeem ${code} ${verifier}`);
      return issued('first', 600, options.who ?? MIA);
    },
    renew() {
      calls.push('renew');
      return made.renewal();
    },
    async end() {
      calls.push('end');
    },
  };
  const page: SignInPage = {
    redirectUri: `${SERVER}/auth`,
    leave: async () => ({
      returned: options.returned ?? `${SERVER}/auth?code=c&state=s&iss=${encodeURIComponent(SERVER)}`,
      verifier: 'v', state: 's',
    }),
    pending: () => null,
  };
  made.account = await openAccount(store, SERVER, tokens, page);
  return made;
}

beforeEach(() => {
  jest.spyOn(globalThis, 'fetch').mockImplementation(async () =>
    new Response(JSON.stringify({ name: 'Mia', email: 'mia@example.org' }), { status: 200 }));
});
afterEach(() => jest.restoreAllMocks());

const reason = (work: Promise<unknown>): Promise<string> =>
  work.then(() => 'none', (error: unknown) => (error instanceof AuthFailed ? error.reason : String(error)));

test('nobody needs an account, and then nothing is asked of the server', async () => {
  const { account, calls } = await scene();
  expect(account.state()).toEqual({ kind: 'signed-out' });
  expect(await account.credentials.token()).toBeNull();
  expect(calls).toEqual([]);
});

test('who signed in is known after a restart, also without a network', async () => {
  const first = await scene();
  await first.account.signIn();
  const again = await scene({ store: first.store });
  expect(again.account.state()).toMatchObject({ kind: 'signed-in', id: MIA, name: 'Mia', email: 'mia@example.org' });
});

test('two who need a token at the same moment share one renewal, since a refresh token is good once', async () => {
  const { account, calls, store } = await scene();
  await account.signIn();
  const restarted = await scene({ store });
  const both = await Promise.all([restarted.account.credentials.token(), restarted.account.credentials.token()]);
  expect(both).toEqual(['renewed', 'renewed']);
  expect(restarted.calls).toEqual(['renew']);
  expect(calls).toEqual(['redeem c v']);
});

test('a sign-in that the server ended keeps everything here and asks to sign in again', async () => {
  const { account, store } = await scene();
  await account.signIn();
  const later = await scene({ store });
  later.renewal = async () => {
    throw new AuthFailed('refused');
  };
  expect(await later.account.credentials.token()).toBeNull();
  expect(later.account.state()).toMatchObject({ kind: 'signed-in', ended: true });
  await later.account.signIn();
  expect(later.account.state()).toMatchObject({ ended: false });
});

test('a server that is away ends nothing', async () => {
  const { account, store } = await scene();
  await account.signIn();
  const later = await scene({ store });
  later.renewal = async () => {
    throw new AuthFailed('offline');
  };
  expect(await reason(later.account.credentials.token())).toBe('offline');
  expect(later.account.state()).toMatchObject({ kind: 'signed-in', ended: false });
});

test('records of one person are never mixed with those of another', async () => {
  const { account, store } = await scene();
  await account.signIn();
  await account.signOut();
  expect(store.kept[OWNER]).toBe(MIA);
  const other = await scene({ store, who: '7f1c0000-0000-7000-8000-000000000002' });
  expect(await reason(other.account.signIn())).toBe('other-account');
  expect(other.account.state()).toEqual({ kind: 'signed-out' });
  expect(other.calls).toContain('end');
});

test.each([
  ['of another request', `${SERVER}/auth?code=c&state=other`, 'stale'],
  ['of another server', `${SERVER}/auth?code=c&state=s&iss=https%3A%2F%2Fevil.example`, 'stale'],
  ['that says no', `${SERVER}/auth?error=access_denied&state=s`, 'cancelled'],
  ['without a code', `${SERVER}/auth?state=s`, 'refused'],
])('an answer %s signs nobody in', async (_, returned, expected) => {
  const { account, calls } = await scene({ returned });
  expect(await reason(account.signIn())).toBe(expected);
  expect(account.state()).toEqual({ kind: 'signed-out' });
  expect(calls).toEqual([]);
});

test('a request that meets an old token is sent once more with a new one', async () => {
  const { account, calls } = await scene();
  await account.signIn();
  const statuses = [401, 200];
  const sent: unknown[] = [];
  jest.mocked(fetch).mockImplementation(async (_, options) => {
    sent.push((options?.headers as Record<string, string>).Authorization);
    return new Response('{}', { status: statuses.shift() ?? 500 });
  });
  expect((await account.request('/v1/account/export')).status).toBe(200);
  expect(sent).toEqual(['Bearer first', 'Bearer renewed']);
  expect(calls).toEqual(['redeem c v', 'renew']);
});

test('being asked for a newer sign-in is told, not tried again', async () => {
  const { account, calls } = await scene();
  await account.signIn();
  jest.mocked(fetch).mockImplementation(async () => new Response('{}', {
    status: 401, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication"' },
  }));
  expect((await account.request('/v1/account/erase', { method: 'POST' })).status).toBe(401);
  expect(calls).not.toContain('renew');
});

test.each([
  [`x.${Buffer.from(JSON.stringify({ sub: MIA, name: 'Zoë' })).toString('base64url')}.y`, MIA],
  ['no token', null], ['x.bm90IGpzb24.y', null], [`x.${Buffer.from('{"sub":7}').toString('base64url')}.y`, null],
])('the subject of an ID token is read, and nothing else is taken for one', (token, expected) => {
  expect(subjectOf(token)).toBe(expected);
});
