/**
 * The background task itself. Import this file where the app's bundle begins: the system may start the app for the task alone,
 * without a screen, and the task must be known by then.
 */

import { BackgroundTaskResult } from 'expo-background-task';
import { defineTask } from 'expo-task-manager';

import type { Engine } from './engine';

export const TASK = 'limber-sync';

let current: Engine | null = null;

/** The engine of the app that is open; returns how to end it. */
export function serve(engine: Engine): () => void {
  current = engine;
  return () => {
    if (current === engine) current = null;
  };
}

defineTask(TASK, async () => {
  const failed = current === null ? await alone() : await current.due().then(() => current?.last()?.account === 'failed');
  return failed ? BackgroundTaskResult.Failed : BackgroundTaskResult.Success;
});

/** One sync of an app that has no screens. True when it failed. */
async function alone(): Promise<boolean> {
  const { openLimber } = await import('@/boot/open');
  const opened = await openLimber();
  try {
    await opened.start();
    const { phase, detail } = await opened.limber.sync.now();
    return phase === 'idle' && detail !== null;
  } finally {
    // The store stays open: it is the one that a screen gets which comes up meanwhile.
    opened.sync.stop();
  }
}
