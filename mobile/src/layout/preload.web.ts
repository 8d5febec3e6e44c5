import { useEffect } from 'react';

let done = false;

/** Fetches the chunks of the screens that come next while nobody waits for them, so that a tap shows them at once. */
export function usePreload(): void {
  useEffect(() => {
    if (done) return undefined;
    const soon = setTimeout(() => {
      done = true;
      void import('@/app/routine').catch(() => (done = false));
    }, 1500);
    return () => clearTimeout(soon);
  }, []);
}
