/** Random bytes from the system. Hermes has no `crypto` of its own; Node, which runs the tests, has. */
export function entropy(bytes: number): Uint8Array {
  const room = new Uint8Array(bytes);
  if (globalThis.crypto?.getRandomValues !== undefined) return globalThis.crypto.getRandomValues(room);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- native code, loaded only where it is needed
  const { getRandomValues } = require('expo-crypto') as typeof import('expo-crypto');
  return getRandomValues(room);
}
