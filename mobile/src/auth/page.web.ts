/** The server's sign-in page on the web: the page goes there and comes back to /auth. A pop-up would be blocked, or lost. */

import type { SignInPage } from './account';
import { CLIENT } from './scopes';

const KEY = 'limber.sign-in';

export function openPage(server: string): SignInPage {
  const redirectUri = `${server}/auth`;
  return {
    redirectUri,
    async leave(_, fresh) {
      // Only who signs in needs it, so it is no part of the first load.
      const { AuthRequest, Prompt } = await import('expo-auth-session');
      const request = new AuthRequest({ ...CLIENT, redirectUri, ...(fresh ? { prompt: Prompt.Login } : {}) });
      const url = await request.makeAuthUrlAsync({ authorizationEndpoint: `${server}/oauth/authorize` });
      sessionStorage.setItem(KEY, JSON.stringify({ verifier: request.codeVerifier, state: request.state }));
      window.location.assign(url);
      return null;
    },
    pending() {
      const kept = sessionStorage.getItem(KEY);
      sessionStorage.removeItem(KEY);
      return kept === null ? null : (JSON.parse(kept) as { verifier: string; state: string });
    },
  };
}
