/** Videos on phones: the system's own browser shows them over the app. */

import { openBrowserAsync } from 'expo-web-browser';
import { useEffect } from 'react';

import { serverAddress } from '@/auth/server';
import type { FileItem } from '@/domain/content';
import { Button } from '@/ui';

import { embedAddress, fileAddress } from './address';

/** Whether a video could be fetched. A phone finds out when it tries. */
export function useOnline(): boolean {
  return true;
}

export function Embed({ id, title }: { id: string; title: string }) {
  const open = (): void => void openBrowserAsync(embedAddress(id));
  useEffect(open, [id]);
  return <Button kind="quiet" icon="play" label={title} onPress={open} />;
}

export function Film({ item, alt }: { item: FileItem; alt: string }) {
  return <Button kind="quiet" icon="play" label={alt} onPress={() => void openBrowserAsync(fileAddress(serverAddress() ?? '', item))} />;
}
