/** The phone's own notices. Nothing of it is on the web: see notices.web.ts. */

import { Platform } from 'react-native';

import type { Planted, Permission } from './types';

const CHANNEL = 'reminders';
const load = () => import('expo-notifications');

export async function permission(): Promise<Permission> {
  const { getPermissionsAsync } = await load();
  const { granted, canAskAgain } = await getPermissionsAsync();
  return granted ? 'granted' : canAskAgain ? 'ask' : 'denied';
}

/** Asks, where asking is still possible. */
export async function askPermission(channelName: string): Promise<Permission> {
  const { AndroidImportance, requestPermissionsAsync, setNotificationChannelAsync } = await load();
  // Android 13 asks only an app that has a channel.
  if (Platform.OS === 'android') {
    await setNotificationChannelAsync(CHANNEL, { name: channelName, importance: AndroidImportance.DEFAULT });
  }
  const { granted, canAskAgain } = await requestPermissionsAsync();
  return granted ? 'granted' : canAskAgain ? 'ask' : 'denied';
}

let planting: Promise<void> = Promise.resolve();

/** Exactly these from now on, in place of all that were planted before. One call after the other: they would mix. */
export function plant(notices: readonly Planted[]): Promise<void> {
  planting = planting.catch(() => undefined).then(() => plantNow(notices));
  return planting;
}

async function plantNow(notices: readonly Planted[]): Promise<void> {
  const { cancelAllScheduledNotificationsAsync, SchedulableTriggerInputTypes, scheduleNotificationAsync } = await load();
  await cancelAllScheduledNotificationsAsync();
  for (const { id, at, title, body, href } of notices) {
    if (at.getTime() <= Date.now()) continue; // a phone would ring for it at once
    await scheduleNotificationAsync({
      identifier: id,
      content: { title, body, data: { href } },
      trigger: { type: SchedulableTriggerInputTypes.DATE, date: at, channelId: CHANNEL },
    });
  }
}

/** Told the path of a notice that was pressed, also of the one that opened the app. Returns how to stop. */
export function onPressed(go: (href: string) => void): () => void {
  let stopped = false;
  let stop = (): void => undefined;
  void load().then(({ addNotificationResponseReceivedListener, getLastNotificationResponse }) => {
    if (stopped) return;
    const told = (data: Record<string, unknown> | null | undefined): void => {
      // Only our own paths: a notice's data is text that others could have written.
      if (typeof data?.href === 'string' && /^\/(?!\/)/.test(data.href)) go(data.href);
    };
    told(getLastNotificationResponse()?.notification.request.content.data);
    const listening = addNotificationResponseReceivedListener(({ notification }) => told(notification.request.content.data));
    stop = () => listening.remove();
  }).catch(() => undefined); // a build without the module: the rest of the app does without
  return () => {
    stopped = true;
    stop();
  };
}
