/** Ready programs (server/catalog/programs.py): what there is for somebody, how far they are, what comes next. Pure. */

import type { Catalog } from '@/generator/catalog';
import type { Rec } from '@/store/types';

import { KINDS, MINUTES, type Ask, type Kind } from './ask';

export interface Part {
  readonly kind: Kind;
  readonly activity: string;
  readonly focus: readonly string[];
  readonly wishes: readonly string[];
}

export interface ProgramWords {
  readonly name: string;
  readonly summary: string;
  readonly who: string;
  readonly parts: Readonly<Record<string, { readonly name: string; readonly why: string }>>;
}

export interface Program {
  readonly code: string;
  readonly rank: number;
  /** Conditions that it is made for, and those with which it is not offered. */
  readonly suits: readonly string[];
  readonly unsuited: readonly string[];
  readonly parts: Readonly<Record<string, Part>>;
  readonly weeks: readonly (readonly { readonly part: string; readonly minutes: number }[])[];
  readonly text: Readonly<Record<string, ProgramWords>>;
}

/** One session of a program, named as its record is: `<code>/<week>.<place>`, both from 0. */
export interface ProgramSession {
  readonly id: string;
  readonly week: number;
  readonly part: string;
  readonly minutes: number;
}

export function programOf(catalog: Catalog, code: string): Program | undefined {
  return catalog.beside.program.get(code) as Program | undefined;
}

export function programWords(program: Program, language: string): ProgramWords {
  return program.text[language] ?? program.text.en!;
}

export interface Offered {
  readonly program: Program;
  /** Conditions of the person's that speak against it. */
  readonly against: readonly string[];
}

/** All programs: those made for a condition of the person's first, those that do not go with one last. */
export function offered(catalog: Catalog, conditions: readonly string[]): Offered[] {
  const mine = (codes: readonly string[]): string[] => codes.filter((code) => conditions.includes(code));
  const place = ({ program, against }: Offered): number => (against.length > 0 ? 2 : mine(program.suits).length > 0 ? 0 : 1);
  return ([...catalog.beside.program.values()] as Program[])
    .filter(({ parts }) => Object.values(parts).every(({ kind }) => KINDS.includes(kind)))
    .map((program) => ({ program, against: mine(program.unsuited) }))
    .sort((a, b) => place(a) - place(b) || a.program.rank - b.program.rank);
}

export function sessionsOf({ code, weeks }: Program): ProgramSession[] {
  return weeks.flatMap((week, w) => week.map(({ part, minutes }, n) => ({ id: `${code}/${w}.${n}`, week: w, part, minutes })));
}

/** Fields of the record `preferences/program.<code>`. */
export interface Following {
  readonly started_at: string | null;
  readonly ended_at: string | null;
}

export function programRecord(code: string): string {
  return `program.${code}`;
}

/** Whether somebody is in the middle of it. */
export function follows(record: Partial<Following> | undefined | null): boolean {
  return record?.started_at != null && record.ended_at == null;
}

/** The sessions done since it was started, on whatever device: a session that was done twice counts once. */
export function doneOf(program: Program, record: Partial<Following> | undefined | null, sessions: readonly Rec[]): Set<string> {
  const since = Date.parse(record?.started_at ?? '');
  if (!Number.isFinite(since)) return new Set();
  const known = new Set(sessionsOf(program).map(({ id }) => id));
  return new Set(
    sessions.filter(({ data }) => known.has(String(data.program)) && Date.parse(String(data.at)) >= since).map(({ data }) => String(data.program)),
  );
}

/** The first that is not done; null when all are. */
export function nextOf(program: Program, done: ReadonlySet<string>): ProgramSession | null {
  return sessionsOf(program).find(({ id }) => !done.has(id)) ?? null;
}

export interface Followed {
  readonly program: Program;
  readonly record: Partial<Following>;
  readonly done: ReadonlySet<string>;
  /** null: all of it is done. */
  readonly next: ProgramSession | null;
}

/** The programs that somebody is in the middle of, without those that do not go with a condition of theirs. */
export function followed(
  catalog: Catalog, conditions: readonly string[], preferences: readonly Rec<Partial<Following>>[], sessions: readonly Rec[],
): Followed[] {
  const records = new Map(preferences.map(({ id, data }) => [id, data]));
  return offered(catalog, conditions).flatMap(({ program, against }) => {
    const record = records.get(programRecord(program.code));
    if (against.length > 0 || record === undefined || !follows(record)) return [];
    const done = doneOf(program, record, sessions);
    return [{ program, record, done, next: nextOf(program, done) }];
  });
}

/**
 * The session that is due on a local day, were nothing done until then; null on a day of rest. Weeks count from the day of
 * the start, and the sessions of a week lie as evenly in it as they can: three on its first, third and fifth day. One that
 * was not done on its day stays due: nothing is missed, all else comes later.
 */
export function dueOn({ program, record, next }: Followed, day: Date): ProgramSession | null {
  const start = new Date(record.started_at ?? '');
  if (next === null || Number.isNaN(start.getTime())) return null;
  const number = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000;
  const week = sessionsOf(program).filter((session) => session.week === next.week);
  const from = next.week * 7 + Math.floor((week.findIndex(({ id }) => id === next.id) * 7) / week.length);
  return number(day) - number(start) >= from ? next : null;
}

/** What to ask the generator for, in the place and with the kit of `here`. */
export function askOfSession(program: Program, session: ProgramSession, here: Ask): Ask {
  const part = program.parts[session.part]!;
  return {
    ...here, kind: part.kind, activity: part.activity, startsIn: null,
    minutes: Math.min(MINUTES.max, Math.max(MINUTES.min, session.minutes)),
    focus: part.focus, wishes: part.wishes, program: session.id,
    equipment: part.wishes.includes('no_equipment') ? [] : here.equipment,
  };
}
