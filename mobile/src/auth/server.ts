/** The server that a phone's build was made for: EXPO_PUBLIC_LIMBER_SERVER, null where it was made for none. */
export function serverAddress(): string | null {
  return process.env.EXPO_PUBLIC_LIMBER_SERVER?.replace(/\/+$/, '') || null;
}
