/** Videos on the web: YouTube's privacy-enhanced player in a frame, our own files in the browser's player. */

import { createElement, useSyncExternalStore } from 'react';

import type { FileItem } from '@/domain/content';

import { embedAddress, fileAddress } from './address';

function subscribe(changed: () => void): () => void {
  addEventListener('online', changed);
  addEventListener('offline', changed);
  return () => {
    removeEventListener('online', changed);
    removeEventListener('offline', changed);
  };
}

export function useOnline(): boolean {
  return useSyncExternalStore(subscribe, () => navigator.onLine, () => true);
}

const FULL = { width: '100%', border: 0, borderRadius: 12, aspectRatio: '16 / 9', background: '#000' } as const;

export function Embed({ id, title }: { id: string; title: string }) {
  return createElement('iframe', {
    src: embedAddress(id),
    title,
    style: FULL,
    allow: 'encrypted-media; picture-in-picture; fullscreen',
    // Our pages send no referrer; without one YouTube shows an error instead of the video.
    referrerPolicy: 'strict-origin-when-cross-origin',
    sandbox: 'allow-scripts allow-same-origin allow-presentation allow-popups',
  });
}

export function Film({ item, alt }: { item: FileItem; alt: string }) {
  const src = fileAddress('', item);
  const shape = { ...FULL, aspectRatio: `${item.width} / ${item.height}` };
  if (item.kind === 'image') return createElement('img', { src, alt, loading: 'lazy', style: shape });
  return createElement('video', {
    src, controls: true, preload: 'none', playsInline: true, 'aria-label': alt, style: shape,
    ...(item.poster === undefined ? {} : { poster: fileAddress('', { sha256: item.poster, type: 'image/webp' }) }),
  });
}
