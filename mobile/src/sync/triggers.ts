/** What makes a phone sync besides its own timer: the app comes to the front, and the system's own occasions in the background. */

import { AppState } from 'react-native';

import { startBackground } from './background';
import type { Engine } from './engine';

/** React Native's fetch gives an answer whole, so there is nothing to listen to. */
export const LISTENS = false;

/** Returns how to end it. */
export function startTriggers(engine: Engine): () => void {
  const subscription = AppState.addEventListener('change', (state) => {
    if (state === 'active') void engine.due();
  });
  const stopBackground = startBackground(engine);
  return () => {
    subscription.remove();
    stopBackground();
  };
}
