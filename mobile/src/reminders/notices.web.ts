/** A web page cannot ring while it is closed without a push service; reminders show within the app instead. */

import type { Permission, Planted } from './types';

export async function permission(): Promise<Permission> {
  return 'none';
}

export async function askPermission(_channelName: string): Promise<Permission> {
  return 'none';
}

export async function plant(_notices: readonly Planted[]): Promise<void> {}

export function onPressed(_go: (href: string) => void): () => void {
  return () => undefined;
}
