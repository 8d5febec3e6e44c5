/** Syncing while the app is not open: iOS and Android call the task when it suits them, not oftener than asked. */

import * as BackgroundTask from 'expo-background-task';

import type { Engine } from './engine';
import { serve, TASK } from './task';

/** The least that both systems allow. */
const EVERY_MINUTES = 15;

/** Have this engine called in the background; returns how to end it. */
export function startBackground(engine: Engine): () => void {
  const stop = serve(engine);
  void register();
  return stop;
}

/** A device that allows no background work syncs when it is opened. */
async function register(): Promise<void> {
  try {
    if ((await BackgroundTask.getStatusAsync()) !== BackgroundTask.BackgroundTaskStatus.Available) return;
    await BackgroundTask.registerTaskAsync(TASK, { minimumInterval: EVERY_MINUTES });
  } catch {
    // Battery saving, or a system without Google's services.
  }
}
