/** What was done, week by week, in local time. Counts only: no streaks, nothing that can break. */

/** Fields of a record `session` that progress reads (docs/sync-records.md). */
export interface Done {
  readonly at: string;
  readonly completed_s: number;
  readonly rpe: number | null;
  readonly payload: { readonly request?: { readonly kind?: string; readonly activity?: unknown } };
}

export interface Week {
  /** Monday, local midnight. */
  readonly start: Date;
  readonly minutes: number;
  readonly sessions: number;
  /** Days of it with at least one session. */
  readonly days: number;
  /** Effort times minutes (L01: Foster 2001, J Strength Cond Res 15:109-115), null where no effort was told. */
  readonly load: number | null;
}

/** Local midnight of the Monday on or before. Set by date, so that a change of clocks moves nothing. */
export function mondayOf(at: Date): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() - ((at.getDay() + 6) % 7));
}

function weekLater(monday: Date, weeks: number): Date {
  return new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() + 7 * weeks);
}

const dayKey = (at: Date): string => `${at.getFullYear()}-${at.getMonth()}-${at.getDate()}`;

/** The last `count` weeks, oldest first, the running one last; sessions of the future or of no known time count nowhere. */
export function weeks(sessions: readonly Partial<Done>[], now: Date, count = 8): Week[] {
  const first = weekLater(mondayOf(now), 1 - count);
  return Array.from({ length: count }, (_, n) => {
    const start = weekLater(first, n);
    const end = weekLater(first, n + 1);
    const mine = sessions.filter(({ at }) => {
      const time = Date.parse(at ?? '');
      return time >= start.getTime() && time < end.getTime() && time <= now.getTime();
    });
    const rated = mine.filter((one) => one.rpe != null);
    return {
      start,
      minutes: Math.round(mine.reduce((sum, one) => sum + (one.completed_s ?? 0), 0) / 60),
      sessions: mine.length,
      days: new Set(mine.map((one) => dayKey(new Date(one.at!)))).size,
      load: rated.length === 0 ? null
        : Math.round(rated.reduce((sum, one) => sum + one.rpe! * (one.completed_s ?? 0), 0) / 60),
    };
  });
}

export interface Rhythm {
  /** Of the last 28 days, those with a session. */
  readonly days: number;
  /** Of the whole weeks among the last eight, those with two days or more (F04: Garber 2011, MSSE 43:1334-1359). */
  readonly goodWeeks: number;
  readonly wholeWeeks: number;
  /** Days since the last session, 0 today, null before the first. */
  readonly since: number | null;
}

export const ENOUGH_DAYS = 2;

/** Weeks before the first session are not held against anybody: they do not count as weeks. */
export function rhythm(sessions: readonly Partial<Done>[], now: Date): Rhythm {
  const times = sessions.map(({ at }) => Date.parse(at ?? '')).filter((time) => time <= now.getTime());
  const midnight = (at: Date): number => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  const ago = times.map((time) => Math.round((midnight(now) - midnight(new Date(time))) / 86_400_000));
  const began = times.length === 0 ? null : mondayOf(new Date(Math.min(...times)));
  const whole = weeks(sessions, now, 9).slice(0, -1).filter(({ start }) => began !== null && start >= began);
  return {
    days: new Set(ago.filter((days) => days < 28)).size,
    goodWeeks: whole.filter(({ days }) => days >= ENOUGH_DAYS).length,
    wholeWeeks: whole.length,
    since: ago.length === 0 ? null : Math.min(...ago),
  };
}

/** Minutes of each kind of routine over the weeks that are shown, most first. */
export function byKind(sessions: readonly Partial<Done>[], since: Date, now: Date): { kind: string; minutes: number }[] {
  const seconds = new Map<string, number>();
  for (const one of sessions) {
    const time = Date.parse(one.at ?? '');
    const kind = one.payload?.request?.kind;
    if (kind === undefined || !(time >= since.getTime() && time <= now.getTime())) continue;
    seconds.set(kind, (seconds.get(kind) ?? 0) + (one.completed_s ?? 0));
  }
  return [...seconds].map(([kind, s]) => ({ kind, minutes: Math.round(s / 60) })).sort((a, b) => b.minutes - a.minutes);
}
