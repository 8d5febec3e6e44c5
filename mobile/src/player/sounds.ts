/** Sounds on phones: the files of `assets/sounds`. Music of others is turned down while the player is there, not stopped. */

import { createAudioPlayer, setAudioModeAsync, setIsAudioActiveAsync, type AudioPlayer } from 'expo-audio';

import type { SoundName } from '@/domain/cues';

import type { Profile } from './synth';

export interface Sounds {
  play(name: SoundName): void;
  close(): void;
}

const FILES: Readonly<Record<Profile, Readonly<Record<SoundName, number>>>> = {
  calm: {
    tick: require('../../assets/sounds/calm-tick.wav') as number,
    go: require('../../assets/sounds/calm-go.wav') as number,
    half: require('../../assets/sounds/calm-half.wav') as number,
    side: require('../../assets/sounds/calm-side.wav') as number,
    end: require('../../assets/sounds/calm-end.wav') as number,
    finish: require('../../assets/sounds/calm-finish.wav') as number,
  },
  lively: {
    tick: require('../../assets/sounds/lively-tick.wav') as number,
    go: require('../../assets/sounds/lively-go.wav') as number,
    half: require('../../assets/sounds/lively-half.wav') as number,
    side: require('../../assets/sounds/lively-side.wav') as number,
    end: require('../../assets/sounds/lively-end.wav') as number,
    finish: require('../../assets/sounds/lively-finish.wav') as number,
  },
};

/** A phone without working audio is silent; nothing else of the player depends on it. */
function quietly(act: () => unknown): void {
  try {
    void Promise.resolve(act()).catch(() => undefined);
  } catch {
    return;
  }
}

/** `volume` 0 to 1. */
export function openSounds(profile: Profile, volume: number, duck: boolean): Sounds {
  const players = new Map<SoundName, AudioPlayer>();
  quietly(() => setAudioModeAsync({
    playsInSilentMode: true, interruptionMode: duck ? 'duckOthers' : 'mixWithOthers', shouldPlayInBackground: false,
  }));
  return {
    play: (name) => quietly(() => {
      let player = players.get(name);
      if (player === undefined) {
        player = createAudioPlayer(FILES[profile][name]);
        player.volume = volume;
        players.set(name, player);
        player.play();
        return undefined;
      }
      const ready = player;
      return ready.seekTo(0).then(() => ready.play());
    }),
    close: () => {
      players.forEach((player) => quietly(() => player.remove()));
      players.clear();
      // Gives the audio focus back, so that music comes up again.
      quietly(() => setIsAudioActiveAsync(false));
      quietly(() => setIsAudioActiveAsync(true));
    },
  };
}
