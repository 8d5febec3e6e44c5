/** An installed web app has the shortcuts of its manifest, which never change. */

import type { Shortcut } from './shortcuts';

export async function offerActions(_actions: readonly Shortcut[]): Promise<void> {}

export function onAction(_go: (href: string) => void): () => void {
  return () => undefined;
}
