/** When nobody can be looking: a call, another app, a locked phone. */

import { AppState } from 'react-native';

/** Returns how to stop listening. `gone`: the app left the screen. */
export function onAway(gone: () => void): () => void {
  const watch = AppState.addEventListener('change', (state) => {
    if (state === 'background') gone();
  });
  return () => watch.remove();
}
