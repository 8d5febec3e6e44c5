/** The sentences of an exercise for the voice, and of a step for the screen, in the person's language. */

import type { TFunction } from 'i18next';

import type { Lines } from '@/domain/cues';
import type { PlayItem } from '@/domain/play';
import type { Step } from '@/domain/timeline';
import type { Labels } from '@/i18n/words';

type Say = TFunction<'player'>;

/** `left` comes first; on a second side it is the other. */
export function sideOf(step: Pick<Step, 'side'>): 'left' | 'right' | null {
  return step.side === null ? null : step.side === 0 ? 'left' : 'right';
}

export function linesOf(t: Say, labels: Labels, item: PlayItem): Lines {
  const { name, cue } = labels.exercise(item.slug);
  const s = item.work_s_per_side;
  return {
    name: t('say.next', { name }),
    shortName: t('say.name', { name }),
    dose: item.sides > 1 ? t('say.sides', { s }) : t('say.one', { s }),
    how: cue,
    sides: [t('say.left'), t('say.change', { side: 'right' })],
    rest: t(item.sides > 1 ? 'say.restLeft' : 'say.rest'),
    half: t('say.half'),
    ten: t('say.ten'),
  };
}

/** `30 seconds each side, 2 sets`. */
export function doseOf(t: Say, item: PlayItem): string {
  const { reps, work_s_per_side: s, sides, sets } = item;
  const dose = reps === null ? t(sides > 1 ? 'dose.sides' : 'dose.one', { s }) : t(sides > 1 ? 'dose.repsSides' : 'dose.reps', { reps });
  return sets > 1 ? t('dose.sets', { dose, sets }) : dose;
}

/** What a screen reader says as a step begins: short, and nothing where the name has just been said. */
export function announcement(t: Say, labels: Labels, item: PlayItem, step: Step): string {
  const { name } = labels.exercise(item.slug);
  const side = sideOf(step);
  if (step.kind === 'ready') {
    return [t('say.next', { name }), `${doseOf(t, item)}.`, side === null ? '' : t('say.left')].filter(Boolean).join(' ');
  }
  if (step.kind === 'switch') return t('say.change', { side: side ?? 'left' });
  return step.kind === 'rest' ? t('say.restSet', { set: step.set + 2, of: item.sets }) : '';
}

/** `4:05`, for eyes; minutes and seconds. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
