/**
 * A routine that is being played: plain data, and what can happen to it. It is all that is stored, so a player that was
 * killed is where it was; nothing in here knows of a clock. Functions return the same object where nothing changed.
 */

import {
  secondsOf, stepsOf, windowS, workSecondsOf, type Longer, type Pace, type Step, type Timed,
} from './timeline';

/** What one routine item needs for playing. */
export interface Planned extends Timed {
  readonly slug: string;
  readonly phase: string;
  readonly position: string;
  readonly reps: number | null;
  /** Slug of what it came in for, before the routine was played. */
  readonly insteadOf?: string;
}

/** `left_out`: kept out of the rest because something hurt. `todo` at the end: never reached. */
export type ItemState = 'todo' | 'done' | 'skipped' | 'swapped' | 'hurt' | 'left_out';

export type Rating = -1 | 0 | 1;

export interface PlayItem extends Planned {
  /** Place in the generated routine; null for what came in by a swap. */
  readonly origin: number | null;
  readonly longer: readonly Longer[];
  readonly state: ItemState;
  /** Milliseconds that were worked, and spent on the item in all. */
  readonly workMs: number;
  readonly spentMs: number;
  /** 0 to 10. */
  readonly pain: number;
  readonly regions: readonly string[];
  readonly rating: Rating | null;
}

/** Who stopped the clock: a person, an interruption (a call, a kill), or pain that was reported. */
export type PausedBy = 'person' | 'away' | 'hurt';

export interface Play {
  /** UUIDv7: the session's record gets it. */
  readonly id: string;
  /** Instant. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly pace: Pace;
  readonly items: readonly PlayItem[];
  readonly at: { readonly item: number; readonly step: number; readonly ms: number };
  readonly paused: PausedBy | null;
  /** Grows with everything but the passing of time. */
  readonly turns: number;
}

export interface Hurt {
  /** A region of the catalogue; null where it is none of them. */
  readonly region: string | null;
  /** 1 to 10. */
  readonly level: number;
}

export const LONGER_S = 10;
/** Work that counts as done: a person who leaves the last breath out did the exercise. */
const DONE_SHARE = 0.8;
/** Back, this soon after an item began, means the one before. */
const BACK_MS = 3000;

export function begin(
  id: string, startedAt: string, items: readonly (Planned & { readonly origin: number | null })[], pace: Pace,
): Play {
  if (items.length === 0) throw new Error('a routine without items cannot be played');
  return {
    id, startedAt, finishedAt: null, pace,
    items: items.map((item) => ({
      slug: item.slug, phase: item.phase, position: item.position, reps: item.reps, sets: item.sets,
      work_s_per_side: item.work_s_per_side, sides: item.sides, rest_s: item.rest_s, transition_s: item.transition_s,
      origin: item.origin, longer: [], state: 'todo', workMs: 0, spentMs: 0, pain: 0, regions: [], rating: null,
      ...(item.insteadOf === undefined ? {} : { insteadOf: item.insteadOf }),
    })),
    at: { item: 0, step: 0, ms: 0 }, paused: null, turns: 0,
  };
}

export function currentItem(play: Play): PlayItem {
  return play.items[play.at.item]!;
}

export function currentSteps(play: Play): Step[] {
  return stepsOf(currentItem(play), play.pace);
}

export function currentStep(play: Play): Step {
  return currentSteps(play)[play.at.step]!;
}

/** The next item that is still to do, or null: this one is the last. */
export function nextItem(play: Play): number | null {
  const found = play.items.findIndex((item, place) => place > play.at.item && item.state === 'todo');
  return found < 0 ? null : found;
}

function changed(play: Play, place: number, change: Partial<PlayItem>): Play {
  return { ...play, items: play.items.map((item, i) => (i === place ? { ...item, ...change } : item)) };
}

function turned(play: Play): Play {
  return { ...play, turns: play.turns + 1 };
}

function endedAs(item: PlayItem): ItemState {
  if (item.state !== 'todo') return item.state;
  return item.workMs >= DONE_SHARE * workSecondsOf(item) * 1000 ? 'done' : 'skipped';
}

/** The current item is over: on to the next, or the end. `at`: the instant, should this be the end. */
function over(play: Play, at: string): Play {
  const settled = changed(play, play.at.item, { state: endedAs(currentItem(play)) });
  const next = nextItem(settled);
  return next === null
    ? turned({ ...settled, finishedAt: at, paused: null })
    : turned({ ...settled, at: { item: next, step: 0, ms: 0 } });
}

/** `ms` more went by. A pause, or the end, keeps time out. `at`: the instant it is now. */
export function tick(play: Play, ms: number, at: string): Play {
  let left = ms;
  let now = play;
  while (left > 0 && now.paused === null && now.finishedAt === null) {
    const steps = currentSteps(now);
    const step = steps[now.at.step]!;
    const item = currentItem(now);
    const took = Math.min(left, step.s * 1000 - now.at.ms);
    left -= took;
    now = {
      ...changed(now, now.at.item, {
        workMs: item.workMs + (step.kind === 'work' ? took : 0), spentMs: item.spentMs + took,
      }),
      at: { ...now.at, ms: now.at.ms + took },
    };
    if (now.at.ms < step.s * 1000) break;
    now = now.at.step + 1 < steps.length
      ? turned({ ...now, at: { ...now.at, step: now.at.step + 1, ms: 0 } })
      : over(now, at);
  }
  return now;
}

export function pause(play: Play, by: PausedBy): Play {
  return play.paused !== null || play.finishedAt !== null ? play : turned({ ...play, paused: by });
}

/** On it goes; past an exercise that hurt, with the next. `at`: the instant, should there be none. */
export function resume(play: Play, at: string): Play {
  if (play.paused === null) return play;
  const on = turned({ ...play, paused: null });
  return currentItem(play).state === 'todo' ? on : over(on, at);
}

/** Nothing has happened yet. */
export function untouched(play: Play): boolean {
  return play.turns === 0 && play.at.item === 0 && play.at.ms === 0;
}

/** What was read from the store: it waits where it was, for somebody to go on. One that has not begun begins. */
export function awakened(play: Play): Play {
  return untouched(play) ? play : pause(play, 'away');
}

/** On to the next exercise. */
export function skip(play: Play, at: string): Play {
  if (play.finishedAt !== null) return play;
  return over(play.paused === 'hurt' ? { ...play, paused: null } : play, at);
}

/** From a get-ready, a rest or a change of sides straight to work. */
export function hurry(play: Play): Play {
  const steps = currentSteps(play);
  if (play.finishedAt !== null || currentItem(play).state !== 'todo' || steps[play.at.step]!.kind === 'work') return play;
  return turned({ ...play, at: { ...play.at, step: play.at.step + 1, ms: 0 } });
}

/** To the beginning of this exercise, or of the one before it, if this has only just begun. What hurt does not come back. */
export function back(play: Play): Play {
  if (play.finishedAt !== null || currentItem(play).state !== 'todo') return play;
  const before = currentSteps(play).slice(0, play.at.step).reduce((sum, step) => sum + step.s * 1000, play.at.ms);
  const again = play.items.map((item, place) => (
    place < play.at.item && (item.state === 'done' || item.state === 'skipped') ? place : -1
  )).filter((place) => place >= 0).at(-1);
  const to = before > BACK_MS || again === undefined ? play.at.item : again;
  return turned({ ...changed(play, to, { state: 'todo' }), at: { item: to, step: 0, ms: 0 } });
}

/** The window that "longer" would make longer: the one that runs, else the one that comes. */
function windowAhead(play: Play): { set: number; side: number } {
  const work = currentSteps(play).slice(play.at.step).find((step) => step.kind === 'work')!;
  return { set: work.set, side: work.side ?? 0 };
}

/** Whether ten seconds more stay within `mostS`, the longest that this type of exercise may take per side and set. */
export function canLengthen(play: Play, mostS: number): boolean {
  if (play.finishedAt !== null || currentItem(play).state !== 'todo') return false;
  const { set, side } = windowAhead(play);
  return windowS(currentItem(play), set, side) + LONGER_S <= mostS;
}

export function lengthen(play: Play, mostS: number): Play {
  if (!canLengthen(play, mostS)) return play;
  const more = { ...windowAhead(play), s: LONGER_S };
  return turned(changed(play, play.at.item, { longer: [...currentItem(play).longer, more] }));
}

/**
 * It hurts: this exercise stops, and what works the same region is left out of the rest. The clock stands still until
 * `resume`, so that there is time to choose something else.
 */
export function hurts(play: Play, hurt: Hurt, works: (slug: string, region: string) => boolean): Play {
  if (play.finishedAt !== null || currentItem(play).state !== 'todo') return play;
  const { region } = hurt;
  const stopped = changed(play, play.at.item, {
    state: 'hurt', pain: hurt.level, regions: region === null ? [] : [region],
  });
  const items = stopped.items.map((item, place) => (
    place > play.at.item && item.state === 'todo' && region !== null && works(item.slug, region)
      ? { ...item, state: 'left_out' as const } : item
  ));
  return turned({ ...stopped, items, paused: 'hurt' });
}

/**
 * What speaks against an exercise now keeps it out of what is still to come, also the one that runs. The clock stands still
 * until `resume`, so that somebody can read why. `at`: the instant, should nothing be left.
 */
export function leaveOut(play: Play, against: (slug: string) => boolean, at: string): Play {
  if (play.finishedAt !== null) return play;
  const out = (item: PlayItem, place: number): boolean => place >= play.at.item && item.state === 'todo' && against(item.slug);
  if (!play.items.some(out)) return play;
  const items = play.items.map((item, place) => (
    out(item, place) && endedAs(item) !== 'done' ? { ...item, state: 'left_out' as const } : item
  ));
  const spared = turned({ ...play, items });
  return pause(out(currentItem(play), play.at.item) ? over(spared, at) : spared, 'person');
}

/** Another exercise in the place of one that is to come, that is running, that was left out, or that hurt. */
export function swap(play: Play, place: number, instead: Planned): Play {
  const item = play.items[place];
  if (item === undefined || play.finishedAt !== null || place < play.at.item) return play;
  if (item.state === 'done' || item.state === 'skipped' || item.state === 'swapped') return play;
  const fresh = begin('', '', [{ ...instead, origin: null }], play.pace).items[0]!;
  const items = [...changed(play, place, { state: item.state === 'hurt' ? 'hurt' : 'swapped' }).items];
  // Before whatever follows, so that the order of phases stays as it was.
  items.splice(place + 1, 0, fresh);
  const at = place === play.at.item && item.state === 'todo' ? { item: place + 1, step: 0, ms: 0 } : play.at;
  return turned({ ...play, items, at });
}

/** Something that was left out is wanted after all. */
export function bringBack(play: Play, place: number): Play {
  if (play.items[place]?.state !== 'left_out' || place < play.at.item) return play;
  return turned(changed(play, place, { state: 'todo' }));
}

/** Enough for today. What was not reached stays so. */
export function finish(play: Play, at: string): Play {
  if (play.finishedAt !== null) return play;
  const item = currentItem(play);
  const state = item.workMs === 0 ? item.state : endedAs(item);
  return turned({ ...changed(play, play.at.item, { state }), finishedAt: at, paused: null });
}

export function rate(play: Play, place: number, rating: Rating | null): Play {
  return play.items[place] === undefined ? play : turned(changed(play, place, { rating }));
}

/** Whole seconds left of the current step, as shown: 1 until it is over. */
export function stepLeftS(play: Play): number {
  return Math.ceil((currentStep(play).s * 1000 - play.at.ms) / 1000);
}

/** Whole seconds left in all. */
export function leftS(play: Play): number {
  if (play.finishedAt !== null) return 0;
  const running = currentItem(play).state === 'todo';
  const after = currentSteps(play).slice(play.at.step + 1).reduce((sum, step) => sum + step.s, 0);
  const others = play.items.reduce((sum, item, place) => (
    place > play.at.item && item.state === 'todo' ? sum + secondsOf(item, play.pace) : sum
  ), 0);
  return others + (running ? stepLeftS(play) + after : 0);
}

/** Seconds that were done: those spent on exercises that were begun. */
export function completedS(play: Play): number {
  return Math.round(play.items.reduce((sum, item) => sum + (item.workMs > 0 ? item.spentMs : 0), 0) / 1000);
}
