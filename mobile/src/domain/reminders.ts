/**
 * When to remind, and with which words. Pure: no clock, no permission. What is asked is `reminders` of
 * docs/sync-records.md; what comes out is a list of moments for the phone to keep.
 *
 * Identical reminders are not seen any more in their second week, so the words change: no text returns before all others
 * of its sort were used, and each names something else one could do. Nobody is told what they missed.
 */

export interface Reminder {
  /** Local, `07:30`. */
  readonly time: string;
  /** 1 (Monday) to 7. */
  readonly days: readonly number[];
  readonly kind?: string;
}

/** A session that somebody put into their week. */
export interface Planned {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly activity?: string | null;
  /** Seconds. */
  readonly budget_s: number;
}

export interface Notice {
  /** The same for the same reminder on the same day, so that asking again changes nothing. */
  readonly id: string;
  readonly at: Date;
  readonly kind: string;
  readonly minutes: number;
  /** Key of the words in `progress:remind.*`. */
  readonly text: string;
  readonly activity?: string | null;
  /** The program that it names, and which part of it. */
  readonly program?: { readonly code: string; readonly part: string };
}

/** A program's session that is to be done on some day. */
export interface DueSession {
  readonly code: string;
  readonly part: string;
  readonly kind: string;
  readonly minutes: number;
}

/** Texts of each kind: keys in progress.json, `remind.<kind>_<n>`. */
export const TEXTS: Readonly<Record<string, number>> = { desk_break: 6, mobility: 6, warmup: 4, cooldown: 4, again: 3, quiet: 2, program: 3 };

/** Minutes that are suggested in turn. */
const MINUTES: Readonly<Record<string, readonly number[]>> = {
  desk_break: [3, 4, 3, 5], mobility: [10, 5, 8, 12, 6], warmup: [8, 10], cooldown: [6, 8],
};

/** Days ahead; phones keep at most 64 notices at once (iOS), so few and often renewed. */
export const AHEAD_DAYS = 10;
const MOST = 48;
/** After so many days without a session a reminder comes only every third day: it did not help, more would not. */
const PATIENCE_DAYS = 14;

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** A time as typed, `7:30`, `7.30` or `730`, as it is kept: `07:30`. Null where it is none. */
export function timeOf(typed: string): string | null {
  const found = /^\s*(\d{1,2})[:.h]?(\d{2})\s*$/.exec(typed);
  if (found === null) return null;
  const time = `${found[1]!.padStart(2, '0')}:${found[2]!}`;
  return TIME.test(time) ? time : null;
}

/** A small, even number from text: FNV-1a. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Days since 1970 of a local date: what makes one day's words differ from the next. */
function dayNumber(at: Date): number {
  return Math.round(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / 86_400_000);
}

/**
 * The n-th of `count` in an order that is mixed anew each round: all come before one returns, and none comes twice
 * running where a round ends.
 */
export function turn(count: number, n: number, salt: string): number {
  if (count < 3) return n % count; // two can only alternate
  const order = (round: number): number[] => Array.from({ length: count }, (_, i) => i)
    .sort((a, b) => hash(`${salt}:${round}:${a}`) - hash(`${salt}:${round}:${b}`) || a - b);
  const round = Math.floor(n / count);
  const now = order(round);
  // Only the first is moved, to the middle: the end, which the next round looks at, stays.
  if (order(round - 1).at(-1) === now[0]) now.splice(Math.ceil((count - 1) / 2), 0, now.shift()!);
  return now[n % count]!;
}

function at(day: Date, time: string): Date | null {
  const found = TIME.exec(time);
  return found === null ? null
    : new Date(day.getFullYear(), day.getMonth(), day.getDate(), Number(found[1]), Number(found[2]));
}

export interface Lately {
  /** Local days with a session, as `dayOf` writes them: no reminder on such a day. */
  readonly doneDays: ReadonlySet<string>;
  /** Days since the last session; null before the first. */
  readonly since: number | null;
}

/** The reminder that speaks for a program on a day with a session due: of the same kind, else the day's first. */
function speaker(reminders: readonly Reminder[], weekday: number, kind: string): Reminder | undefined {
  const today = reminders.filter(({ time, days }) => days.includes(weekday) && TIME.test(time)).sort((a, b) => (a.time < b.time ? -1 : 1));
  return today.find((one) => one.kind === kind) ?? today[0];
}

/** Moments of the coming days, soonest first. `due`: the session of a program on a day. */
export function upcoming(
  reminders: readonly Reminder[], planned: readonly Planned[], lately: Lately, now: Date, dayOf: (at: Date) => string,
  due: (day: Date) => DueSession | null = () => null,
): Notice[] {
  const found: Notice[] = [];
  for (let ahead = 0; ahead < AHEAD_DAYS; ahead += 1) {
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + ahead);
    const number = dayNumber(day);
    const weekday = ((day.getDay() + 6) % 7) + 1;
    if (lately.doneDays.has(dayOf(day))) continue;
    const away = lately.since === null ? 0 : lately.since + ahead;
    if (away > PATIENCE_DAYS && number % 3 !== 0) continue;
    const session = away > PATIENCE_DAYS ? null : due(day);
    const names = session === null ? undefined : speaker(reminders, weekday, session.kind);
    reminders.forEach((one, place) => {
      const moment = one.days.includes(weekday) ? at(day, one.time) : null;
      if (moment === null || moment.getTime() <= now.getTime()) return;
      const id = `r-${dayOf(day)}-${one.time}`;
      if (session !== null && one === names) {
        const { code, part, kind, minutes } = session;
        found.push({ id, at: moment, kind, minutes, text: `program_${turn(TEXTS.program!, number, 'program') + 1}`, program: { code, part } });
        return;
      }
      const kind = one.kind !== undefined && one.kind in MINUTES ? one.kind : 'mobility';
      const minutes = MINUTES[kind]!;
      // Now and then another sort of words; after a long while only the gentlest.
      const sort = away > PATIENCE_DAYS ? 'quiet' : number % 5 === place % 5 ? 'again' : kind;
      found.push({
        id,
        at: moment,
        kind,
        minutes: minutes[turn(minutes.length, number, `${one.time}m`)]!,
        text: `${sort}_${turn(TEXTS[sort]!, number, one.time) + 1}`,
      });
    });
  }
  for (const one of planned) {
    const moment = new Date(Date.parse(one.at) - PLANNED_BEFORE_S * 1000);
    if (!(moment.getTime() > now.getTime()) || moment.getTime() > now.getTime() + 30 * 86_400_000) continue;
    found.push({
      id: `p-${one.id}`, at: moment, kind: one.kind, minutes: Math.round(one.budget_s / 60), text: 'planned', activity: one.activity ?? null,
    });
  }
  return found.sort((a, b) => a.at.getTime() - b.at.getTime()).slice(0, MOST);
}

/** So long before a planned session starts the phone says so. */
export const PLANNED_BEFORE_S = 300;

/** In the app itself, where nothing else reminds: the newest that came due today and was not put away. */
export function dueNow(notices: readonly Notice[], now: Date, away: string | undefined): Notice | null {
  const due = notices.filter((one) => one.at.getTime() <= now.getTime());
  const last = due.at(-1);
  return last === undefined || last.id === away ? null : last;
}

/** Planned sessions are fields of their own in `preferences/planned`, so that two devices never write over one another. */
export function plannedField(id: string): string {
  return `p_${id.replace(/-/g, '')}`;
}

/** Those still to come, or not longer than two hours past; soonest first. */
export function plannedOf(fields: Readonly<Record<string, unknown>>, now: Date): Planned[] {
  return Object.entries(fields).flatMap(([name, value]): Planned[] => {
    if (!name.startsWith('p_') || typeof value !== 'object' || value === null) return [];
    const one = value as Partial<Planned>;
    if (typeof one.at !== 'string' || typeof one.kind !== 'string' || typeof one.budget_s !== 'number') return [];
    if (!(Date.parse(one.at) > now.getTime() - 7_200_000)) return [];
    return [{ id: name.slice(2), at: one.at, kind: one.kind, budget_s: one.budget_s, activity: one.activity ?? null }];
  }).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}
