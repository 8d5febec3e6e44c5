import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import type { SoundName } from '@/domain/cues';
import type { Play, PlayItem } from '@/domain/play';
import { profileFor, type PlayerSettings } from '@/domain/playerSettings';
import { speechMs } from '@/domain/speech';
import { useLabels } from '@/i18n/labels';

import { stayAwake } from './awake';
import { onAway } from './away';
import { drive, interrupt, type Driver, type Effects } from './driver';
import { linesOf } from './lines';
import { savePlay, type Session } from './playing';
import { openSounds, type Sounds } from './sounds';
import { touch } from './touch';
import { hush, speak } from './voice';

/** Runs a session while a screen shows it; null until it runs. `muted` silences voice and sounds, not the touches. */
export function useDriver(session: Session, settings: PlayerSettings, muted: boolean): Driver | null {
  const { store } = useLimber();
  const labels = useLabels();
  const { t, i18n } = useTranslation('player');
  const [driver, setDriver] = useState<Driver | null>(null);
  const kind = session.playing.made.payload.request.kind;
  const profile = profileFor(settings.sound, kind);
  const lines = (item: PlayItem) => linesOf(t, labels, item);
  // The driver lives as long as the session; words and settings may change under it.
  const now = useRef({ lines, settings, muted, language: i18n.language });
  const sounds = useRef<Sounds | null>(null);
  useEffect(() => {
    now.current = { lines, settings, muted, language: i18n.language };
  });

  useEffect(() => {
    if (profile === null) return;
    const opened = openSounds(profile, settings.volume, settings.duckMusic);
    sounds.current = opened;
    return () => {
      sounds.current = null;
      opened.close();
    };
  }, [profile, settings.volume, settings.duckMusic]);

  useEffect(() => {
    const effects: Effects = {
      say: (text, done) => {
        const { language, settings: set } = now.current;
        speak(text, { language, volume: set.volume }, done);
      },
      hush,
      sound: (name: SoundName) => {
        if (!now.current.muted) sounds.current?.play(name);
      },
      touch: (felt) => {
        if (now.current.settings.haptics) touch(felt);
      },
    };
    const made = drive(session.play, {
      effects, save: savePlay(store), lines: (item) => now.current.lines(item),
      cues: cuesFor(now.current.settings, now.current.muted, kind),
      speechMs: (text, scale) => speechMs(text, now.current.language, scale),
      now: () => performance.now(), instant: () => new Date().toISOString(),
    });
    made.start();
    setDriver(made);
    const listening = onAway(() => interrupt(made));
    return () => {
      listening();
      void made.stop();
    };
  }, [session, store, kind]);

  useEffect(() => driver?.retune(cuesFor(settings, muted, kind)), [driver, settings, muted, kind]);
  useAwake(driver, settings.keepAwake);
  return driver;
}

function cuesFor(settings: PlayerSettings, muted: boolean, kind: string) {
  return { voice: muted ? 'off' as const : settings.voice, ticks: profileFor(settings.sound, kind) === 'lively' };
}

/** The screen stays on while the clock runs, and for a while of thinking too: only a finished routine lets it sleep. */
function useAwake(driver: Driver | null, wanted: boolean): void {
  useEffect(() => (driver !== null && wanted ? stayAwake() : undefined), [driver, wanted]);
}

/** The play as it is shown; draws again each second and at each turn. */
export function usePlay(driver: Driver): Play {
  return useSyncExternalStore(driver.subscribe, driver.shown, driver.shown);
}
