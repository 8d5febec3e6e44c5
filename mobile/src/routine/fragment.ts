import { useLinkingURL } from 'expo-linking';

/** What is behind the `#` of the address that opened the app; undefined while it is asked. */
export function useFragment(): string | undefined {
  const url = useLinkingURL();
  return url === null ? undefined : (url.split('#')[1] ?? '');
}
