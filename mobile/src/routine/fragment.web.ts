import { useSyncExternalStore } from 'react';

function subscribe(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

const fragment = (): string => window.location.hash.slice(1);

/** What is behind the `#` of the page's address. */
export function useFragment(): string | undefined {
  return useSyncExternalStore(subscribe, fragment, fragment);
}
