/** A newer version of the app: on phones the store's business, on the web the service worker's. */

export interface Update {
  /** A newer version is downloaded and waits. */
  readonly ready: boolean;
  /** Load it: the page starts again. What the person made is in the database and stays. */
  readonly apply: () => void;
}

const NONE: Update = { ready: false, apply: () => {} };

/** Live: whether a newer version waits. Mount once, in the root layout. */
export function useUpdate(): Update {
  return NONE;
}
