/** What the app asks the server for when somebody signs in. */
export const CLIENT = {
  clientId: 'limber-app',
  scopes: ['openid', 'profile', 'email', 'offline_access', 'sync', 'account'],
};
