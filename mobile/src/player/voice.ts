/** The voice of a phone; what a screen reader is on for is announced by it instead, so that two voices never compete. */

import * as Speech from 'expo-speech';
import { AccessibilityInfo } from 'react-native';

export interface VoiceOptions {
  /** BCP 47. */
  readonly language: string;
  /** 0 to 1. */
  readonly volume: number;
}

let reading = false;
void AccessibilityInfo.isScreenReaderEnabled().then((on) => (reading = on), () => undefined);
AccessibilityInfo.addEventListener('screenReaderChanged', (on) => {
  reading = on;
});

/** `done` once the sentence is over, with how long it took, or null where that is not known. */
export function speak(text: string, { language, volume }: VoiceOptions, done: (tookMs: number | null) => void): void {
  if (reading) {
    AccessibilityInfo.announceForAccessibility(text);
    done(null);
    return;
  }
  let from = performance.now();
  Speech.speak(text, {
    language, volume,
    onStart: () => {
      from = performance.now();
    },
    onDone: () => done(performance.now() - from),
    onStopped: () => done(null),
    onError: () => done(null),
  });
}

export function hush(): void {
  void Speech.stop().catch(() => undefined);
}
