/** What somebody asks for on the home screen, and where they are. Plain data; kept under the local key `ask`. */

import type { Catalog } from '@/generator/catalog';

export const KINDS = ['warmup', 'cooldown', 'mobility', 'desk_break'] as const;
export type Kind = (typeof KINDS)[number];

/** The dial of the home screen, minutes. */
export const MINUTES = { min: 3, max: 45 } as const;

/** An activity of one's own, by what it asks of the body: 0 to 3 each. */
export interface OwnActivity {
  readonly muscles: Readonly<Record<string, number>>;
}

export interface Ask {
  readonly kind: Kind;
  /** Code of the catalogue's, or one's own. */
  readonly activity: string | OwnActivity;
  readonly minutes: number;
  /** Where one is: may one get down, move about, make a noise. */
  readonly floor: boolean;
  readonly roomy: boolean;
  readonly loud: boolean;
  /** Only sitting, today. */
  readonly seated: boolean;
  /** Kit at hand here, codes. */
  readonly equipment: readonly string[];
  /** Minutes until the activity starts, null where nobody said. */
  readonly startsIn: number | null;
  /** Regions, muscles or movements that it is to be about, beside those of the profile. */
  readonly focus?: readonly string[];
  /** Constraints on top of the place's. */
  readonly wishes?: readonly string[];
  /** The session of a program that this is, `desk_week/0.3`. */
  readonly program?: string;
}

/** Local key `ask`. */
export interface AskMemory {
  readonly last: Ask;
  /** Activities by code, the latest first. */
  readonly recent: readonly string[];
  /** What of the body map was chosen last, also while another activity is. */
  readonly own?: OwnActivity;
}

const RECENT_MOST = 8;

/** Before anything was asked: five minutes that suit nearly everybody. */
export function firstAsk(activities: readonly string[] = [], equipment: readonly string[] = [], level?: string | null): Ask {
  const [activity = 'general'] = activities;
  return {
    kind: activity === 'desk_work' ? 'desk_break' : activity === 'general' ? 'mobility' : 'warmup',
    activity, minutes: activity === 'desk_work' ? 5 : level === 'beginner' ? 8 : 10,
    floor: true, roomy: true, loud: true, seated: false, equipment, startsIn: null,
  };
}

/** What is kept once a routine for `ask` was wanted. */
export function remembered(memory: AskMemory | undefined, ask: Ask): AskMemory {
  const before = memory?.recent ?? [];
  if (typeof ask.activity !== 'string') return { last: ask, recent: before, own: ask.activity };
  const recent = [ask.activity, ...before.filter((code) => code !== ask.activity)].slice(0, RECENT_MOST);
  return { last: ask, recent, ...(memory?.own ? { own: memory.own } : {}) };
}

/** What was kept may name what a newer catalogue has no more. */
export function mended(ask: Ask, catalog: Catalog): Ask {
  const known = typeof ask.activity !== 'string' || catalog.activities.has(ask.activity);
  const kit = catalog.vocabulary.get('equipment');
  return {
    ...ask,
    activity: known ? ask.activity : 'general',
    minutes: Math.min(MINUTES.max, Math.max(MINUTES.min, Math.round(ask.minutes))),
    equipment: ask.equipment.filter((code) => kit?.has(code)),
  };
}

/** The wishes of the taxonomy that the place makes. */
export function constraintsOf(ask: Ask): string[] {
  return [
    ...(ask.floor ? [] : ['no_floor']), ...(ask.roomy ? [] : ['small_space']), ...(ask.loud ? [] : ['no_jump']),
    ...(ask.seated ? ['seated_only'] : []), ...(ask.wishes ?? []),
  ];
}

/** Codes of activities for a list: the person's recent ones first, then their own choice, then the rest by name. */
export function activityOrder(
  codes: readonly string[], recent: readonly string[], mine: readonly string[], name: (code: string) => string,
): string[] {
  const first = [...new Set([...recent, ...mine])].filter((code) => codes.includes(code));
  const rest = codes.filter((code) => !first.includes(code)).sort((a, b) => name(a).localeCompare(name(b)));
  return [...first, ...rest];
}
