/** Tokens in a browser: the refresh token is a cookie that no script can read, the access token is in memory. */

import { ask, type TokenSource } from './endpoint';

/** Tokens of this app from `server`, which is the page's own origin. */
export function openTokens(server: string): TokenSource {
  const address = `${server}/oauth/web`;
  return {
    redeem: (code, verifier, redirectUri) =>
      ask(`${address}/token`, {
        grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri,
      }),
    renew: () => ask(`${address}/token`, { grant_type: 'refresh_token' }),
    async end() {
      await ask(`${address}/end`, {});
    },
  };
}
