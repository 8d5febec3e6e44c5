/** Where pictures and videos are. */

import type { FileItem } from '@/domain/content';

/** YouTube's player that sets no cookie before somebody presses play, without videos of others at the end. */
export function embedAddress(id: string): string {
  return `https://www.youtube-nocookie.com/embed/${encodeURIComponent(id)}?rel=0`;
}

const ENDINGS: Readonly<Record<string, string>> = {
  'image/webp': 'webp', 'image/png': 'png', 'image/jpeg': 'jpg', 'video/mp4': 'mp4', 'video/webm': 'webm',
};

/** An immutable object of `server` (no slash at its end; empty for our own origin). */
export function fileAddress(server: string, { sha256, type }: Pick<FileItem, 'sha256' | 'type'>): string {
  return `${server}/v1/objects/media/${sha256}.${ENDINGS[type] ?? 'bin'}`;
}
