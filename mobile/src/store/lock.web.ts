/**
 * expo-sqlite on the web holds exclusive OPFS handles, so one tab at a time can have the database open. A Web Lock says
 * which; the browser gives it up with the tab, however that ends. A message asks the owner to hand it over.
 */

import type { Owning } from './lock';

export type { Owning };

const LOCK = 'limber-database';
const CHANNEL = 'limber-database';
const ASK = 'hand-over';

/** Resolves once this tab owns the database, and owns it until the page ends. */
export function ownDatabase(owning: Owning): Promise<void> {
  // Without locks (an old browser, or a page that is not secure) a second tab fails at opening instead of waiting.
  if (typeof navigator === 'undefined' || !navigator.locks) return Promise.resolve();
  const locks = navigator.locks;
  return new Promise((resolve, reject) => {
    const hold = (): Promise<void> =>
      // Never given back by itself: closing the database leaves its worker's file handles open, which only the end of the
      // page closes. So handing over is loading the page anew; it then waits like any other tab.
      new Promise(() => {
        const channel = new BroadcastChannel(CHANNEL);
        channel.onmessage = (event) => {
          if (event.data !== ASK) return;
          channel.close();
          owning.onAsked(() => location.reload());
        };
        resolve();
      });
    locks
      .request(LOCK, { ifAvailable: true }, (lock) => {
        if (lock) return hold();
        owning.onWait();
        locks.request(LOCK, hold).catch(reject);
        return undefined;
      })
      .catch(reject);
  });
}

/** Asks the tab that has the database to hand it over; `ownDatabase` of this tab then resolves. */
export function askForDatabase(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(ASK);
  channel.close();
}
