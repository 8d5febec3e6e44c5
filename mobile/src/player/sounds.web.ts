/** Sounds in a browser: the same recipes straight into WebAudio, which mixes with what else plays. */

import type { SoundName } from '@/domain/cues';

import type { Sounds } from './sounds';
import { RATE, samplesOf, type Profile } from './synth';

export type { Sounds } from './sounds';

/** `volume` 0 to 1. A browser cannot turn down the sound of other tabs, so `duck` has no effect. */
export function openSounds(profile: Profile, volume: number, _duck: boolean): Sounds {
  const context = typeof AudioContext === 'undefined' ? null : new AudioContext();
  const buffers = new Map<SoundName, AudioBuffer>();
  return {
    play: (name) => {
      if (context === null) return;
      // A page that was loaded anew may sound only after a touch: from then on it does.
      if (context.state === 'suspended') void context.resume().catch(() => undefined);
      let buffer = buffers.get(name);
      if (buffer === undefined) {
        const samples = samplesOf(profile, name);
        buffer = context.createBuffer(1, samples.length, RATE);
        buffer.getChannelData(0).set(samples);
        buffers.set(name, buffer);
      }
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(new GainNode(context, { gain: volume })).connect(context.destination);
      source.start();
    },
    close: () => void context?.close().catch(() => undefined),
  };
}
