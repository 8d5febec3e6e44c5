import { useMemo, useSyncExternalStore } from 'react';

import { useLimber } from '@/boot';
import { live } from '@/store/live';
import { useReducedMotion, useTheme } from '@/ui';

import type { Clip } from './clip';
import { DARK, LIGHT, type Palette } from './draw';
import { openFilm, stillSecond, type Film } from './film';
import { STILLS } from './names';

export interface FigureProps {
  /** The exercise. */
  readonly slug: string;
  /** Width and height, dp. */
  readonly size: number;
  /** Runs by itself unless false; a figure that is stopped keeps its place. */
  readonly playing?: boolean;
  /** The left side works: the picture is turned over. */
  readonly mirrored?: boolean;
  /** What a screen reader says; without it the figure is decoration. */
  readonly label?: string;
  /** One telling moment, never moving. */
  readonly still?: boolean;
  /** Tints the muscles that the exercise is for. */
  readonly highlight?: boolean;
}

export interface Shown {
  readonly film: Film;
  readonly palette: Palette;
  readonly strength: Readonly<Record<string, number>>;
  /** Whether it moves now. */
  readonly runs: boolean;
  /** The second that a picture without movement shows. */
  readonly rest: number;
}

const NOTHING: Readonly<Record<string, number>> = {};
const films = new WeakMap<object, Film>();

/** Each clip is made ready once, however many rows of a list show it. */
function filmOf(clip: Clip): Film {
  const known = films.get(clip) ?? openFilm(clip);
  films.set(clip, known);
  return known;
}

const stills = new Map<string, Clip>();

/** For an exercise without a clip of its own: its position, at rest. */
function stillOf(position: string): Clip {
  const { base, view, props } = STILLS[position] ?? STILLS.standing!;
  const known = stills.get(position) ?? { slug: '', view, base, seconds: 5, keys: [{}], hold: true, ...(props ? { props } : {}) };
  stills.set(position, known);
  return known;
}

/** The catalogue's clips by slug; undefined while they are read. */
function useClips(): ReadonlyMap<string, Clip> | undefined {
  const { store } = useLimber();
  const answer = live(store, 'catalog', 'motion', async () => {
    const { documents } = await store.catalog();
    return new Map(documents.filter((one) => one.collection === 'motion').map((one) => [one.id, one.data as Clip]));
  });
  return useSyncExternalStore(answer.subscribe, answer.value, answer.value);
}

/** What to show for an exercise; null while the clips are read. A clip that this app cannot read shows its position instead. */
export function useFilm({ slug, playing = true, still = false, highlight = false }: FigureProps): Shown | null {
  const clips = useClips();
  const { catalog } = useLimber();
  const { name } = useTheme();
  const calm = useReducedMotion();
  const place = catalog.places.get(slug);
  const exercise = place === undefined ? undefined : catalog.exercises[place];
  const strength = useMemo(() => {
    if (!highlight || !exercise) return NOTHING;
    const second = (exercise as { secondary_muscles?: readonly string[] }).secondary_muscles ?? [];
    return Object.fromEntries([...second.map((muscle) => [muscle, 1]), ...exercise.primary_muscles.map((muscle) => [muscle, 3])]);
  }, [exercise, highlight]);
  const film = useMemo(() => {
    if (!clips) return null;
    const clip = clips.get(slug);
    const rest = (): Film => filmOf(stillOf(exercise?.positions[0] ?? 'standing'));
    if (!clip) return rest();
    try {
      return filmOf(clip);
    } catch {
      return rest();
    }
  }, [clips, slug, exercise]);
  return film && {
    film, strength, palette: name === 'light' ? LIGHT : DARK, runs: playing && !still && !calm, rest: stillSecond(film.clip),
  };
}
