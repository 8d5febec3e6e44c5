/** Keeps a phone's screen on while a routine runs. */

import { activateKeepAwakeAsync, deactivateKeepAwake } from 'expo-keep-awake';

const TAG = 'player';

/** Returns how to let it sleep again. */
export function stayAwake(): () => void {
  void activateKeepAwakeAsync(TAG).catch(() => undefined);
  return () => void deactivateKeepAwake(TAG).catch(() => undefined);
}
