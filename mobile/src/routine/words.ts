/** What a routine says of itself, in the person's language. */

import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import type { Ask, Kind, OwnActivity } from '@/domain/ask';
import type { PlanItem } from '@/domain/draft';
import { useLabels } from '@/i18n/labels';

export interface RoutineWords {
  /** "Before running". */
  title(kind: Kind, activity: string | OwnActivity): string;
  /** "2 × 30 s each side". */
  dose(item: PlanItem): string;
  /** Of work: "40 s", "2 min 30 s". */
  seconds(s: number): string;
  /** Of a routine: "12 min". */
  minutes(s: number): string;
}

export function useRoutineWords(): RoutineWords {
  const { t } = useTranslation('routine');
  const labels = useLabels();
  const { catalog } = useLimber();
  // Within an English sentence as one says it; German titles name it after a colon.
  const named = (code: string): string =>
    (labels.language === 'en' ? catalog.activities.get(code)?.spoken : undefined) ?? labels.label('activities', code);
  const seconds = (s: number): string => {
    const [minutes, rest] = [Math.floor(s / 60), Math.round(s % 60)];
    if (minutes === 0) return t('common:time.s', { count: rest });
    return rest === 0 ? t('common:time.min', { count: minutes }) : t('common:time.minutesSeconds', { minutes, seconds: rest });
  };
  return {
    seconds,
    minutes: (s) => t('common:time.min', { count: Math.max(1, Math.round(s / 60)) }),
    title(kind, activity) {
      const what = typeof activity === 'string' ? named(activity) : t('title.own');
      if (kind === 'desk_break') return t('title.desk_break');
      if (kind === 'mobility') return activity === 'general' || activity === 'desk_work' ? t('title.mobility') : t('title.mobilityFor', { what });
      return t(`title.${kind}`, { what });
    },
    dose({ sets, reps, work_s_per_side: work, sides, rest_s: rest }) {
      const many = sets > 1;
      const one = reps === null
        ? t(many ? 'dose.timeSets' : 'dose.time', { sets, time: seconds(work) })
        : t(many ? 'dose.repsSets' : 'dose.reps', { sets, reps });
      const both = sides === 2 ? t('dose.eachSide', { dose: one }) : one;
      return many && rest > 0 ? t('dose.rest', { dose: both, rest }) : both;
    },
  };
}

/** The title of what is asked for. */
export function titleOf(words: RoutineWords, ask: Pick<Ask, 'kind' | 'activity'>): string {
  return words.title(ask.kind, ask.activity);
}
