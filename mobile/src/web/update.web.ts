/**
 * The service worker's life as the app sees it. It is registered after the first screen stands, so that downloading the
 * whole app for offline use never competes with showing it; a new version waits until the person says so.
 */

import { useSyncExternalStore } from 'react';

import type { Update } from './update';

export type { Update };

const HOUR_MS = 3_600_000;

let waiting: ServiceWorker | null = null;
let state: Update = { ready: false, apply };
let started = false;
const listeners = new Set<() => void>();

/** Live: whether a newer version waits. Mount once, in the root layout. */
export function useUpdate(): Update {
  return useSyncExternalStore(subscribe, () => state);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!started && typeof navigator !== 'undefined' && 'serviceWorker' in navigator && !__DEV__) {
    started = true;
    whenIdle(() => void register());
  }
  return () => listeners.delete(listener);
}

async function register(): Promise<void> {
  const registration = await navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' }).catch(() => null);
  if (registration === null) return; // storage is full or forbidden: the app works, but only with a network
  const offer = () => {
    // A first worker has nothing to replace and takes over by itself.
    if (registration.waiting && navigator.serviceWorker.controller) show(registration.waiting);
  };
  offer();
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', offer);
  });
  const look = () => void registration.update().catch(() => undefined);
  setInterval(look, HOUR_MS);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') look();
  });
}

function show(worker: ServiceWorker): void {
  waiting = worker;
  state = { ready: true, apply };
  for (const listener of listeners) listener();
}

function apply(): void {
  if (waiting === null) return;
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('skip-waiting');
}

function whenIdle(work: () => void): void {
  const soon = () => {
    if ('requestIdleCallback' in window) window.requestIdleCallback(work, { timeout: 3000 });
    else setTimeout(work, 1000);
  };
  if (document.readyState === 'complete') soon();
  else window.addEventListener('load', soon, { once: true });
}
