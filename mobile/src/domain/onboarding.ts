/** Answers of the start, and what they change in the profile. */

import type { Fields } from '@/store/types';

export type Ache = 'sore' | 'pain' | 'acute';

export interface Answers {
  readonly activities: readonly string[];
  readonly level: string | null;
  /** As typed; empty where nobody said. */
  readonly born: string;
  /** Regions, and what it is with all of them. */
  readonly regions: readonly string[];
  readonly ache: Ache;
  readonly conditions: readonly string[];
  readonly equipment: readonly string[];
  readonly floor: boolean;
  readonly kneel: boolean;
  readonly flags: readonly string[];
}

export const NO_ANSWERS: Answers = {
  activities: [], level: null, born: '', regions: [], ache: 'sore', conditions: [], equipment: [], floor: true, kneel: true, flags: [],
};

const ELDEST = 120;
const YOUNGEST = 7;
/** What "it hurts" stands for of 10 until somebody says more: moderate. */
const PAIN_LEVEL = 4;

/** The year that was typed, null where none was; undefined where it cannot be one. */
export function yearOf(born: string, now: Date): number | null | undefined {
  if (born.trim() === '') return null;
  const year = Number(born.trim());
  const age = now.getFullYear() - year;
  return Number.isInteger(year) && age >= YOUNGEST && age <= ELDEST ? year : undefined;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** What the profile says already: whoever comes back finds their answers. Aches are of a day and start empty. */
export function answersOf(profile: Fields): Answers {
  const constraints = strings(profile.constraints);
  return {
    ...NO_ANSWERS,
    activities: strings(profile.activities),
    level: typeof profile.level === 'string' ? profile.level : null,
    born: typeof profile.birth_year === 'number' ? String(profile.birth_year) : '',
    conditions: strings(profile.conditions),
    equipment: strings(profile.equipment),
    floor: !constraints.includes('no_floor'),
    kneel: !constraints.includes('no_kneel'),
    flags: strings(profile.red_flags),
  };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Fields of the profile that the answers change; nothing that was not asked for. */
export function changesOf(answers: Answers, profile: Fields | null, now: Date): Fields {
  const before = profile ?? {};
  const year = yearOf(answers.born, now);
  const wishes = strings(before.constraints).filter((code) => code !== 'no_floor' && code !== 'no_kneel');
  const regions = [...answers.regions];
  const wanted: Record<string, unknown> = {
    activities: [...answers.activities],
    level: answers.level,
    conditions: [...answers.conditions],
    equipment: [...answers.equipment],
    red_flags: [...answers.flags],
    constraints: [...wishes, ...(answers.floor ? [] : ['no_floor']), ...(answers.kneel ? [] : ['no_kneel'])],
    ...(year ? { birth_year: year } : {}),
    ...(regions.length > 0 && answers.ache === 'sore' ? { soreness: [...new Set([...strings(before.soreness), ...regions])] } : {}),
    ...(regions.length > 0 && answers.ache === 'acute' ? { acute_regions: [...new Set([...strings(before.acute_regions), ...regions])] } : {}),
    ...(regions.length > 0 && answers.ache === 'pain'
      ? {
          pain: {
            ...((before.pain ?? {}) as Fields),
            ...Object.fromEntries(regions.map((region) => [region, { level: PAIN_LEVEL, at: now.toISOString() }])),
          },
        }
      : {}),
  };
  const empty = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => !same(before[name] ?? null, value) && !(empty(value) && (before[name] ?? null) === null)),
  );
}
