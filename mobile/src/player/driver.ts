/**
 * Runs a play: reads the clock, gives cues, stores each second. Sans-I/O: time, timers, voice and store are handed in, so
 * tests run it with fake time and phones with their own parts.
 */

import { cuesOf, due, type Cue, type CueOptions, type Lines, type SoundName, type Speech } from '../domain/cues';
import { currentItem, currentSteps, nextItem, pause, stepLeftS, type Play, type PlayItem } from '../domain/play';
import { advance } from '../domain/playerClock';
import { calibrated } from '../domain/speech';

/** What the phone does of it. None may throw. */
export interface Effects {
  /** Says a sentence; `done` once it is over, with how long it took, or null where it was cut short. */
  say(text: string, done: (tookMs: number | null) => void): void;
  hush(): void;
  sound(name: SoundName): void;
  /** A touch: `beat` in the last seconds, `turn` when something begins, `end` at its end. */
  touch(kind: 'beat' | 'turn' | 'end'): void;
}

export interface DriverOptions {
  readonly effects: Effects;
  /** Stores the play; a later one replaces an earlier one that has not been written yet. */
  readonly save: (play: Play) => Promise<void>;
  readonly lines: (item: PlayItem, last: boolean) => Lines;
  readonly cues: Pick<CueOptions, 'voice' | 'ticks'>;
  /** Estimate for a sentence under a scale, ms. */
  readonly speechMs: (text: string, scale: number) => number;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly instant: () => string;
}

export interface Driver {
  /** As it is at this moment. */
  play(): Play;
  /** As it was told last: the same object until `subscribe` tells of another. */
  shown(): Play;
  /** Seconds of the current step that are over, with their fractions, at this very moment. */
  stepElapsedS(): number;
  /** Called when the shown second, the step, or anything that somebody did changed. */
  subscribe(listener: () => void): () => void;
  act(change: (play: Play, at: string) => Play): void;
  /** Other settings from now on. */
  retune(cues: DriverOptions['cues']): void;
  start(): void;
  /** Stops the clock and the voice; the last place has been stored when the promise resolves. */
  stop(): Promise<void>;
}

export const TICK_MS = 100;
/** Later than this a sentence, or a sound, would only confuse. */
const LATE_SPEECH_MS = 1500;
const LATE_SOUND_MS = 600;
/** What may cut short what is still being said, because a voice was slower than thought. */
const CUTS_IN: ReadonlySet<Speech['what']> = new Set(['name', 'side']);
const TOUCHES: Readonly<Partial<Record<SoundName, 'beat' | 'turn' | 'end'>>> = {
  tick: 'beat', go: 'turn', side: 'turn', end: 'end', finish: 'end',
};

/** Milliseconds of the current exercise that are over. */
function itemMs(play: Play): number {
  return currentSteps(play).slice(0, play.at.step).reduce((sum, step) => sum + step.s * 1000, play.at.ms);
}

/** Keeps at most one write under way, and none but the newest waiting. */
function latestOnly(save: (play: Play) => Promise<void>): { save: (play: Play) => void; settled: () => Promise<void> } {
  let waiting: Play | null = null;
  let writing: Promise<void> | null = null;
  const write = async (): Promise<void> => {
    while (waiting !== null) {
      const play = waiting;
      waiting = null;
      // A full disk must not stop the timer; the next second tries again.
      await save(play).catch(() => undefined);
    }
    writing = null;
  };
  return {
    save: (play) => {
      waiting = play;
      writing ??= write();
    },
    settled: async () => {
      while (writing !== null) await writing;
    },
  };
}

/** The voice: one sentence at a time, and estimates that learn from it. */
function voice(effects: Effects): { say: (cue: Speech) => void; hush: () => void; scale: () => number } {
  let scale = 1;
  let saying: Speech['what'] | null = null;
  let turn = 0;
  return {
    scale: () => scale,
    hush: () => {
      if (saying === null) return;
      turn += 1;
      saying = null;
      effects.hush();
    },
    say: (cue) => {
      if (saying !== null && (saying === 'name' ? cue.what !== 'name' : !CUTS_IN.has(cue.what))) return;
      if (saying !== null) effects.hush();
      turn += 1;
      const mine = turn;
      saying = cue.what;
      const before = scale;
      effects.say(cue.text, (tookMs) => {
        if (mine !== turn) return;
        saying = null;
        if (tookMs !== null) scale = calibrated(before, cue.ms, tookMs);
      });
    },
  };
}

export function drive(initial: Play, options: DriverOptions): Driver {
  const { effects, now, instant } = options;
  const listeners = new Set<() => void>();
  const writer = latestOnly(options.save);
  const speaker = voice(effects);
  let play = initial;
  let shown = initial;
  let tuned = options.cues;
  let last: number | null = null;
  let timer: ReturnType<typeof setInterval> | null = null;
  let cues: readonly Cue[] = [];
  /** Until where in the exercise cues have been given, ms. */
  let given = -1;

  const plan = (): void => {
    const item = currentItem(play);
    const end = nextItem(play) === null;
    const scale = speaker.scale();
    cues = cuesOf(currentSteps(play), options.lines(item, end), {
      ...tuned, last: end, speechMs: (text) => options.speechMs(text, scale),
    });
  };
  const give = (found: readonly Cue[], at: number): void => {
    for (const cue of found) {
      if (cue.kind === 'speech') {
        if (at - cue.at <= LATE_SPEECH_MS) speaker.say(cue);
      } else if (at - cue.at <= LATE_SOUND_MS) {
        effects.sound(cue.sound);
        const touch = TOUCHES[cue.sound];
        if (touch !== undefined) effects.touch(touch);
      }
    }
  };
  const tell = (): void => {
    shown = play;
    listeners.forEach((listener) => listener());
  };
  /** From one play to the next by the passing of time alone: gives what was due in between. */
  const passed = (before: Play): void => {
    if (play.at.item !== before.at.item || play.finishedAt !== null) {
      const end = currentSteps(before).reduce((sum, step) => sum + step.s * 1000, 0);
      give(due(cues, given, end), end);
      if (play.finishedAt !== null) return;
      plan();
      given = -1;
    }
    const at = itemMs(play);
    give(due(cues, given, at), at);
    given = at;
  };
  const read = (): void => {
    const time = now();
    const before = play;
    play = advance(play, last, time, instant());
    last = time;
    if (play === before) return;
    if (play.paused === null) passed(before);
    else speaker.hush();
    if (play.turns !== before.turns || stepLeftS(play) !== stepLeftS(before)) {
      writer.save(play);
      tell();
    }
  };
  const said = (): void => {
    // Somebody comes back in the middle of an exercise: which one was it?
    const { shortName } = options.lines(currentItem(play), false);
    if (tuned.voice !== 'off' && itemMs(play) > 0) {
      speaker.say({ kind: 'speech', what: 'name', text: shortName, at: 0, ms: options.speechMs(shortName, speaker.scale()) });
    }
  };
  return {
    play: () => play,
    shown: () => shown,
    stepElapsedS: () => (play.at.ms + (play.paused === null && last !== null ? Math.max(now() - last, 0) : 0)) / 1000,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    act: (change) => {
      read();
      const before = play;
      play = change(play, instant());
      if (play === before) return;
      const moved = play.at.item !== before.at.item || itemMs(play) !== itemMs(before);
      if (play.paused !== null || play.finishedAt !== null || moved) speaker.hush();
      if (play.finishedAt === null) {
        plan();
        // What begins here is said; what lies behind is not made up for.
        if (moved) given = itemMs(play) - 1;
        if (play.paused === null) {
          if (before.paused !== null && !moved) said();
          passed(play);
        }
      }
      last = now();
      writer.save(play);
      tell();
    },
    retune: (next) => {
      if (next.voice === 'off') speaker.hush();
      tuned = next;
      plan();
    },
    start: () => {
      if (timer !== null) return;
      last = now();
      plan();
      given = itemMs(play) === 0 ? -1 : itemMs(play);
      timer = setInterval(read, TICK_MS);
      if (play.paused === null && play.finishedAt === null) passed(play);
    },
    stop: async () => {
      if (timer !== null) clearInterval(timer);
      timer = null;
      read();
      last = null;
      speaker.hush();
      writer.save(play);
      await writer.settled();
    },
  };
}

/** Nobody is looking any more: a call, another app. */
export function interrupt(driver: Driver): void {
  driver.act((play) => pause(play, 'away'));
}
