/** The server's sign-in page on a phone: a browser of the system's, which comes back by the app's own scheme. */

import { AuthRequest, Prompt } from 'expo-auth-session';

import type { SignInPage } from './account';
import { CLIENT } from './scopes';
import { AuthFailed } from './types';

export function openPage(_server: string): SignInPage {
  const redirectUri = 'limber://auth';
  return {
    redirectUri,
    async leave(server, fresh) {
      const request = new AuthRequest({ ...CLIENT, redirectUri, ...(fresh ? { prompt: Prompt.Login } : {}) });
      const result = await request.promptAsync({ authorizationEndpoint: `${server}/oauth/authorize` });
      if (result.type === 'cancel' || result.type === 'dismiss') return 'cancelled';
      if (result.type !== 'success' && result.type !== 'error') throw new AuthFailed('cancelled');
      return { returned: result.url, verifier: request.codeVerifier ?? '', state: request.state };
    },
    pending: () => null,
  };
}
