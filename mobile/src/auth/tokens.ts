/** Tokens on a phone: the refresh token is in the system's keychain, the access token in memory. */

import * as SecureStore from 'expo-secure-store';

import { ask, type Issued, type TokenSource } from './endpoint';

const KEY = 'limber.refresh_token';
const OPTIONS: SecureStore.SecureStoreOptions = {
  // The background sync runs while the phone is locked; a backup restored on another phone must not carry it.
  keychainAccessible: SecureStore.AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY,
};

/** Tokens of this app from `server`, whose token endpoint is RFC 6749's. */
export function openTokens(server: string): TokenSource {
  const post = async (form: Record<string, string>): Promise<Issued> => {
    const { lasting, ...issued } = await ask(`${server}/oauth/token`, { client_id: 'limber-app', ...form });
    if (lasting !== undefined) await SecureStore.setItemAsync(KEY, lasting, OPTIONS);
    return issued;
  };
  return {
    redeem: (code, verifier, redirectUri) =>
      post({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri }),
    async renew() {
      const held = await SecureStore.getItemAsync(KEY, OPTIONS);
      return held === null ? null : post({ grant_type: 'refresh_token', refresh_token: held });
    },
    async end() {
      const held = await SecureStore.getItemAsync(KEY, OPTIONS);
      await SecureStore.deleteItemAsync(KEY, OPTIONS);
      if (held !== null) await ask(`${server}/oauth/revoke`, { client_id: 'limber-app', token: held });
    },
  };
}
