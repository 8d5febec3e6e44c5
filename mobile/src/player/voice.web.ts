/** The browser's voice. */

import type { VoiceOptions } from './voice';

export type { VoiceOptions } from './voice';

/** Some browsers forget to say that a sentence is over, once it was collected as garbage. */
let kept: SpeechSynthesisUtterance | null = null;

/** `done` once the sentence is over, with how long it took, or null where that is not known. */
export function speak(text: string, { language, volume }: VoiceOptions, done: (tookMs: number | null) => void): void {
  const voices = globalThis.speechSynthesis;
  if (voices === undefined) {
    done(null);
    return;
  }
  const sentence = new SpeechSynthesisUtterance(text);
  let from = performance.now();
  sentence.lang = language;
  sentence.volume = volume;
  sentence.onstart = () => {
    from = performance.now();
  };
  sentence.onend = () => done(performance.now() - from);
  sentence.onerror = () => done(null);
  kept = sentence;
  voices.speak(kept);
}

export function hush(): void {
  globalThis.speechSynthesis?.cancel();
}
