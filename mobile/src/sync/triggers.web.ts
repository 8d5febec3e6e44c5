/** What makes a page sync besides its own timer: it is looked at again, or the browser says that the network is back. */

import type { Engine } from './engine';

/** A page reads an answer as it comes. */
export const LISTENS = true;

/** Returns how to end it. */
export function startTriggers(engine: Engine): () => void {
  const looked = (): void => {
    if (document.visibilityState === 'visible') void engine.due();
  };
  // The browser's word for "offline" is worth little, but a change of it is a reason to try.
  const online = (): void => void engine.now();
  document.addEventListener('visibilitychange', looked);
  window.addEventListener('focus', looked);
  window.addEventListener('online', online);
  return () => {
    document.removeEventListener('visibilitychange', looked);
    window.removeEventListener('focus', looked);
    window.removeEventListener('online', online);
  };
}
