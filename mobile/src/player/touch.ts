/** What a hand feels of the player, on phones. */

import * as Haptics from 'expo-haptics';

export type Touch = 'beat' | 'turn' | 'end';

export function touch(kind: Touch): void {
  const felt = {
    beat: () => Haptics.selectionAsync(),
    turn: () => Haptics.impactAsync(Haptics.ImpactFeedbackStyle.Medium),
    end: () => Haptics.notificationAsync(Haptics.NotificationFeedbackType.Success),
  }[kind];
  void felt().catch(() => undefined); // a tablet without a motor
}
