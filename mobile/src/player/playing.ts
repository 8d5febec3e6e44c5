/**
 * What is being played, as it is kept on this device: the routine under `playing`, written once, and the place in it under
 * `playing.place`, written each second. Both go once the session's records are written.
 */

import { countsOf, feedbackOf, happened, learnRows, originsOf, sessionOf, withPain, type PainMap } from '@/domain/after';
import { awakened, begin, type Play, type Planned } from '@/domain/play';
import { playerSettings, type PlayerRecord } from '@/domain/playerSettings';
import type { Made, Maker } from '@/generator/maker';
import { entropy } from '@/store/entropy';
import type { Change, Store } from '@/store/types';
import { uuid7 } from '@/store/uuid';

export const PLAYING = 'playing';
export const PLACE = 'playing.place';

export interface Playing {
  readonly id: string;
  readonly made: Made;
  /** The kept routine that it is, null where it is none. */
  readonly routine: string | null;
  /** The session of a program that it is. */
  readonly program?: string;
}

export interface Session {
  readonly playing: Playing;
  readonly play: Play;
}

const newId = (): string => uuid7(Date.now(), entropy(10));

/** Begins to play: what was left unfinished before is settled first, so that nothing that was done is lost. */
export async function startPlaying(
  store: Store, maker: Pick<Maker, 'learn' | 'countOutcomes'>, made: Made, items: readonly Planned[], routine: string | null = null,
  program?: string,
): Promise<void> {
  await settleLeftover(store, maker);
  const settings = playerSettings((await store.get<PlayerRecord>('preferences', 'player'))?.data as PlayerRecord | undefined);
  const origins = originsOf(items, made.routine.items);
  const id = newId();
  const play = begin(
    id, new Date().toISOString(), items.map((item, place) => ({ ...item, origin: origins[place]! })), settings.pace,
  );
  await store.remember(PLACE, play);
  await store.remember(PLAYING, { id, made, routine, ...(program === undefined ? {} : { program }) } satisfies Playing);
}

/** What is kept, as it was; null where nothing is. */
export async function readSession(store: Store): Promise<Session | null> {
  const [playing, play] = await Promise.all([store.recall<Playing>(PLAYING), store.recall<Play>(PLACE)]);
  // Two writes begin and end a session: a kill between them leaves one of the two, or one of another session.
  if (playing === undefined || play === undefined || playing.id !== play.id) return null;
  return { playing, play };
}

/** The same for a player that opens: time that nobody was there for is not counted. */
export async function reopened(store: Store): Promise<Session | null> {
  const session = await readSession(store);
  return session === null ? null : { ...session, play: awakened(session.play) };
}

export function savePlay(store: Store): (play: Play) => Promise<void> {
  return (play) => store.remember(PLACE, play);
}

/** Forgets what was being played, without a trace. */
export async function clearPlaying(store: Store): Promise<void> {
  await store.forget(PLAYING);
  await store.forget(PLACE);
}

/** Pain of a region into the profile: at once, whatever becomes of the session. */
export async function writePain(store: Store, region: string, level: number): Promise<void> {
  const before = (await store.get<{ pain: PainMap }>('profile', 'me'))?.data.pain;
  const pain = withPain(before, region, level, new Date().toISOString());
  await store.write([{ collection: 'profile', id: 'me', set: { pain } }]);
}

/**
 * Writes what the session leaves behind, all or none, and forgets the place. `rpe`: 0 to 10, null where nobody said. Safe to
 * call again after a kill: a session that is written is not written twice.
 */
export async function settle(
  store: Store, maker: Pick<Maker, 'learn' | 'countOutcomes'>, { playing, play }: Session, rpe: number | null,
): Promise<void> {
  if (happened(play) && (await store.get('session', play.id)) === null) {
    const feedback = feedbackOf(play, rpe, play.finishedAt ?? new Date().toISOString());
    const learned = await learnt(store, maker, play);
    await store.write([
      { collection: 'session', id: play.id, set: sessionOf(play, playing.made, rpe, playing.routine, playing.program) },
      ...feedback.map((set): Change => ({ collection: 'feedback', id: newId(), set })),
      ...(learned === null ? [] : [{ collection: 'preferences', id: 'learned', set: { learned } } as const]),
    ]);
    // Anonymous numbers: nobody waits for them, and a kill may lose them.
    maker.countOutcomes(playing.made.model, countsOf(play, playing.made)).catch(() => undefined);
  }
  await clearPlaying(store);
}

/** The learned state after this session; null where it cannot be told now: the session itself must not wait for it. */
async function learnt(store: Store, maker: Pick<Maker, 'learn'>, play: Play): Promise<string | null> {
  const before = (await store.get<{ learned: string | null }>('preferences', 'learned'))?.data.learned ?? null;
  try {
    return await maker.learn(before, learnRows(play));
  } catch {
    return null;
  }
}

/** A session that was left lying, written as far as it went. */
export async function settleLeftover(store: Store, maker: Pick<Maker, 'learn' | 'countOutcomes'>): Promise<void> {
  const left = await readSession(store);
  if (left !== null) await settle(store, maker, left, null);
}
