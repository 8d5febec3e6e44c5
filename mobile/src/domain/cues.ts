/**
 * What is said and sounded during one exercise, and when. Speech never overlaps speech, and a name has ended before the
 * halfway cue: it goes first, and what then has no room is left unsaid.
 */

import type { Step } from './timeline';

export type Voice = 'off' | 'cues' | 'full';
export type SoundName = 'tick' | 'go' | 'half' | 'side' | 'end' | 'finish';

/** The sentences of one exercise in the person's language; an empty one is not said. */
export interface Lines {
  /** `Next: Calf stretch.` */
  readonly name: string;
  /** Said where the long one has no room. */
  readonly shortName: string;
  /** `Two sides. 30 seconds each.` */
  readonly dose: string;
  /** How it is done. */
  readonly how: string;
  /** `Left side`, `right side`: by side. */
  readonly sides: readonly [string, string];
  readonly rest: string;
  readonly half: string;
  readonly ten: string;
}

export interface Speech {
  readonly kind: 'speech';
  readonly what: 'name' | 'side' | 'rest' | 'half' | 'dose' | 'ten' | 'how';
  readonly text: string;
  /** From the beginning of the exercise, ms. */
  readonly at: number;
  readonly ms: number;
}

export interface Sound {
  readonly kind: 'sound';
  readonly sound: SoundName;
  readonly at: number;
}

export type Cue = Speech | Sound;

export interface CueOptions {
  readonly voice: Voice;
  /** The last three seconds are counted down by ticks. */
  readonly ticks: boolean;
  /** Nothing follows this exercise. */
  readonly last: boolean;
  /** How long a sentence takes, ms. */
  readonly speechMs: (text: string) => number;
}

/** Work shorter than this has no halfway cue, and shorter than that no "ten seconds": they would only disturb. */
const HALF_FROM_S = 20;
const TEN_FROM_S = 40;
/** Between one sentence and the next, and between a sound and the sentence after it. */
const BREATH_MS = 300;
const SOUND_MS = 450;
/** A sentence may come this late, before it is better left out. */
const LATE_MS = 1500;

interface Placed extends Step {
  readonly from: number;
  readonly to: number;
}

interface Wanted {
  readonly what: Speech['what'];
  readonly texts: readonly string[];
  readonly at: number;
  /** Latest beginning, and when it has to be over. */
  readonly latest: number;
  readonly until: number;
}

function placed(steps: readonly Step[]): Placed[] {
  let from = 0;
  return steps.map((step) => {
    const to = from + step.s * 1000;
    const found = { ...step, from, to };
    from = to;
    return found;
  });
}

const halfOf = (step: Placed): number => Math.round((step.from + step.to) / 2);

/** What one would like to say, the most important first. */
function wanted(steps: readonly Placed[], lines: Lines, voice: Voice): Wanted[] {
  const end = steps.at(-1)!.to;
  const works = steps.filter((step) => step.kind === 'work');
  const halves = works.filter((step) => step.s >= HALF_FROM_S);
  const before = halves.length > 0 ? halfOf(halves[0]!) - BREATH_MS : end;
  const list: Wanted[] = [
    { what: 'name', texts: [lines.name, lines.shortName], at: steps[0]!.from, latest: before, until: before },
  ];
  const at = (what: Wanted['what'], text: string, when: number, step: Placed, late = LATE_MS): void => {
    list.push({ what, texts: [text], at: when, latest: when + late, until: step.to });
  };
  for (const step of steps.filter(({ kind }) => kind === 'switch')) {
    at('side', lines.sides[step.side === 1 ? 1 : 0], step.from + SOUND_MS, step);
  }
  // The first side is named while getting ready; where there is no room for it, the picture shows it.
  if (steps[0]!.side !== null) at('side', lines.sides[0], steps[0]!.from, works[0]!, steps[0]!.s * 1000 + LATE_MS);
  for (const step of steps.filter(({ kind }) => kind === 'rest')) at('rest', lines.rest, step.from + SOUND_MS, step);
  for (const step of halves) at('half', lines.half, halfOf(step) + SOUND_MS, step, 500);
  if (voice === 'full') {
    const ready = steps[0]!;
    list.push({ what: 'dose', texts: [lines.dose], at: ready.from, latest: ready.to, until: before });
    for (const step of works.filter(({ s }) => s >= TEN_FROM_S)) at('ten', lines.ten, step.to - 10_000, step, 500);
    list.push({ what: 'how', texts: [lines.how], at: ready.from, latest: before, until: before });
  }
  return list;
}

/** The first free place from `at` on, or null. `taken` is sorted. */
function gap(taken: readonly Speech[], ms: number, { at, latest, until }: Wanted): number | null {
  let from = at;
  for (const other of taken) {
    if (from + ms + BREATH_MS <= other.at) break;
    from = Math.max(from, other.at + other.ms + BREATH_MS);
  }
  return from <= latest && from + ms <= until ? from : null;
}

function speech(steps: readonly Placed[], lines: Lines, options: CueOptions): Speech[] {
  const taken: Speech[] = [];
  for (const wish of wanted(steps, lines, options.voice)) {
    for (const text of wish.texts.filter((one) => one !== '')) {
      const ms = options.speechMs(text);
      const at = gap(taken, ms, wish);
      if (at === null) continue;
      taken.push({ kind: 'speech', what: wish.what, text, at, ms });
      taken.sort((a, b) => a.at - b.at);
      break;
    }
  }
  return taken;
}

function sounds(steps: readonly Placed[], options: CueOptions, spoken: readonly Speech[]): Sound[] {
  const found: Sound[] = [];
  const add = (sound: SoundName, at: number): void => {
    found.push({ kind: 'sound', sound, at });
  };
  steps.forEach((step, place) => {
    if (step.kind === 'work') {
      add('go', step.from);
      if (step.s >= HALF_FROM_S) add('half', halfOf(step));
      // The end of one side is said by the sound of the change, and the last of all by the fanfare.
      if (steps[place + 1]?.kind !== 'switch') add(place === steps.length - 1 && options.last ? 'finish' : 'end', step.to);
    } else if (step.kind === 'switch') add('side', step.from);
    if (options.ticks && step.s >= 4) [3, 2, 1].forEach((s) => add('tick', step.to - s * 1000));
  });
  const free = (at: number): boolean => spoken.every((one) => at >= one.at + one.ms || at + SOUND_MS <= one.at);
  return found.filter((one) => one.sound !== 'tick' || free(one.at));
}

/** All cues of an exercise in order of time. */
export function cuesOf(steps: readonly Step[], lines: Lines, options: CueOptions): Cue[] {
  const all = placed(steps);
  const spoken = options.voice === 'off' ? [] : speech(all, lines, options);
  return [...spoken, ...sounds(all, options, spoken)].sort((a, b) => a.at - b.at);
}

/** Those due after `from` up to and with `to`, ms from the beginning of the exercise. */
export function due(cues: readonly Cue[], from: number, to: number): Cue[] {
  return cues.filter((cue) => cue.at > from && cue.at <= to);
}
