/**
 * The generator's payload from what the phone knows of a person. The memory follows model_export/data/life.py, which the
 * learned models were made with: pain counts four weeks, the last ten efforts are handed on.
 */

import { codes, type Catalog } from '@/generator/catalog';
import { BUDGET_MAX_S, BUDGET_MIN_S } from '@/generator/contract';
import type { Payload } from '@/generator/maker';
import type { Collection, Fields, Rec, Store } from '@/store/types';

import { constraintsOf, type Ask } from './ask';

const PAIN_KEPT_DAYS = 28;
const SESSIONS_KEPT = 10;
/** Soreness that somebody tells of passes within about two days. */
const SORE_DAYS = 2;
const DAY_MS = 86_400_000;
const LEVELS = ['beginner', 'recreational', 'trained'];

/** Records that a routine depends on, as the store lists them. */
export interface Person {
  readonly profile: Fields;
  readonly sessions: readonly Rec[];
  readonly feedback: readonly Rec[];
  readonly prefs: readonly Rec[];
  readonly constraints: readonly Rec[];
  readonly learned: string | null;
  /** Agreed to training: only then one place of a routine may be drawn by chance. */
  readonly consents: boolean;
}

/** Reads all of it in one go. */
export async function readPerson(store: Store): Promise<Person> {
  const list = (collection: Collection): Promise<Rec[]> => store.list(collection);
  const [profile, sessions, feedback, prefs, constraints, learned, training] = await Promise.all([
    store.get('profile', 'me'), list('session'), list('feedback'), list('exercise_pref'), list('constraint'),
    store.get<{ learned: string | null }>('preferences', 'learned'),
    store.get<{ training_consent: unknown }>('preferences', 'training'),
  ]);
  return {
    profile: profile?.data ?? {}, sessions, feedback, prefs, constraints,
    learned: learned?.data.learned ?? null, consents: Boolean(training?.data.training_consent),
  };
}

const people = new WeakMap<Store, { known: Promise<Person> | null }>();
const OF_A_PERSON: readonly string[] = ['profile', 'session', 'feedback', 'exercise_pref', 'constraint', 'preferences'];

/** Whether something of the person is among the collections that changed. */
export function isOfPerson(changed: ReadonlySet<string>): boolean {
  return OF_A_PERSON.some((collection) => changed.has(collection));
}

/** The person as the store knows them; read again only once something of it changed, so that a tap need not wait for it. */
export function personOf(store: Store): Promise<Person> {
  let kept = people.get(store);
  if (kept === undefined) {
    const made: { known: Promise<Person> | null } = { known: null };
    people.set(store, (kept = made));
    store.subscribe((changed) => {
      if (isOfPerson(changed)) made.known = null;
    });
  }
  kept.known ??= readPerson(store);
  return kept.known;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function object(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Local calendar days from an instant to now, at least 0; null where it is no instant. */
function daysSince(at: unknown, now: Date): number | null {
  const then = typeof at === 'string' ? new Date(at) : null;
  if (then === null || Number.isNaN(then.getTime())) return null;
  const midnight = (date: Date): number => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.min(3650, Math.max(0, Math.round((midnight(now) - midnight(then)) / DAY_MS)));
}

/** `until` is a day, itself still in force; null or absent: for good. */
function inForce(until: unknown, now: Date): boolean {
  if (typeof until !== 'string') return true;
  const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((n) => String(n).padStart(2, '0')).join('-');
  return until >= today;
}

interface Past {
  days_since?: number;
  done: number;
  skipped: number;
  swapped: number;
  rating: number;
  pain: number;
}

function oldestFirst(records: readonly Rec[]): Fields[] {
  return records.map(({ data }) => data).filter(({ at }) => typeof at === 'string')
    .sort((a, b) => Date.parse(a.at as string) - Date.parse(b.at as string));
}

/** Per exercise what was done with it. */
function exercisesOf(person: Person, sessions: readonly Fields[], now: Date, kept: ReadonlySet<string>): Record<string, Past> {
  const rows = new Map<string, Past>();
  const row = (slug: string): Past => {
    if (!rows.has(slug)) rows.set(slug, { done: 0, skipped: 0, swapped: 0, rating: 0, pain: 0 });
    return rows.get(slug)!;
  };
  for (const { at, slots } of sessions) {
    const days = daysSince(at, now);
    for (const slot of Array.isArray(slots) ? slots.map(object) : []) {
      if (typeof slot.slug !== 'string' || days === null) continue;
      const past = row(slot.slug);
      if (slot.outcome === 'completed' || slot.outcome === 'stopped_by_pain') {
        past.days_since = days;
        past.pain = days <= PAIN_KEPT_DAYS && typeof slot.pain === 'number' ? slot.pain : 0;
      }
      if (slot.outcome === 'completed') past.done += 1;
      if (slot.outcome === 'skipped') past.skipped += 1;
      if (slot.outcome === 'swapped') past.swapped += 1;
      if (typeof slot.rating === 'number') past.rating = slot.rating;
    }
  }
  for (const { id, data } of person.prefs) {
    if (data.excluded === true && inForce(data.until, now)) row(id).rating = -1;
    else if (data.rating === -1 || data.rating === 1) row(id).rating = data.rating;
    else if (data.favourite === true) row(id).rating = 1;
    else if (data.rating === 0 && rows.has(id)) row(id).rating = 0;
  }
  kept.forEach((slug) => (row(slug).rating = -1));
  return Object.fromEntries([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Regions that hurt: the newest word on each, of the profile and of feedback. */
function painOf(person: Person, now: Date): Record<string, { days_since: number; level: number }> {
  const found = new Map<string, { days_since: number; level: number }>();
  const note = (region: string, at: unknown, level: unknown): void => {
    const days = daysSince(at, now);
    if (days === null || days > PAIN_KEPT_DAYS || typeof level !== 'number') return;
    const before = found.get(region);
    if (before && (before.days_since < days || (before.days_since === days && before.level > level))) return;
    found.set(region, { days_since: days, level: Math.min(10, Math.max(0, Math.round(level))) });
  };
  for (const [region, entry] of Object.entries(object(person.profile.pain))) note(region, object(entry).at, object(entry).level);
  for (const { at, regions, pain } of oldestFirst(person.feedback)) strings(regions).forEach((region) => note(region, at, pain));
  return Object.fromEntries([...found].filter(([, { level }]) => level > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What physios keep out, as the payload can say it. */
function physioOf(person: Person, catalog: Catalog, now: Date) {
  const live = person.constraints.map(({ data }) => data).filter(({ until }) => inForce(until, now));
  const all = (name: string): string[] => live.flatMap((one) => strings(one[name]));
  const hazards = new Set(all('hazards'));
  const kept = new Set([
    ...all('exercises'),
    ...catalog.exercises.filter((exercise) => exercise.hazards.some((hazard) => hazards.has(hazard))).map(({ slug }) => slug),
  ]);
  const least = (name: string): number =>
    Math.min(...live.map((one) => (typeof one[name] === 'number' ? (one[name] as number) : Infinity)));
  const levels = live.map((one) => LEVELS.indexOf(one.max_level as string)).filter((at) => at >= 0);
  return {
    conditions: all('conditions'), constraints: all('constraints'), regions: all('regions'), kept,
    budgetS: least('max_budget_s'), level: levels.length > 0 ? Math.min(...levels) : Infinity,
  };
}

/** Only codes that this catalogue has: a record may come from a newer app. */
function known(list: readonly string[], allowed: readonly string[]): string[] {
  return [...new Set(list)].filter((code) => allowed.includes(code)).sort();
}

function ageOf(profile: Fields, now: Date): number | undefined {
  const born = profile.birth_year;
  return typeof born === 'number' ? Math.min(120, Math.max(7, now.getFullYear() - born)) : undefined;
}

/** Soreness that was told of lately, on top of the profile's. */
function soreOf(person: Person, now: Date): string[] {
  return oldestFirst(person.feedback)
    .filter(({ at }) => (daysSince(at, now) ?? Infinity) <= SORE_DAYS)
    .flatMap(({ soreness }) => strings(soreness));
}

export interface Wish {
  readonly ask: Ask;
  readonly person: Person;
  readonly catalog: Catalog;
  readonly now: Date;
  /** 0 to 2³² − 1; another one gives another routine. */
  readonly seed: number;
}

/** The payload of one wish. What a person's records say that this catalogue does not know is left aside. */
export function payloadOf({ ask, person, catalog, now, seed }: Wish): Payload {
  const { profile } = person;
  const physio = physioOf(person, catalog, now);
  const regions = codes(catalog, 'regions');
  const level = Math.min(LEVELS.indexOf(typeof profile.level === 'string' && LEVELS.includes(profile.level) ? profile.level : 'recreational'), physio.level);
  const sessions = oldestFirst(person.sessions);
  const pressure = object(profile.blood_pressure);
  const age = ageOf(profile, now);
  const budget = Math.min(ask.minutes * 60, physio.budgetS, BUDGET_MAX_S);
  return {
    request: {
      kind: ask.kind,
      activity: ask.activity,
      budget_s: Math.max(BUDGET_MIN_S, budget),
      local_time: `${String(now.getHours()).padStart(2, '0')}:${String(now.getMinutes()).padStart(2, '0')}`,
      gap_s: ask.kind === 'warmup' && ask.startsIn !== null ? ask.startsIn * 60 : null,
    },
    profile: {
      ...(age === undefined ? {} : { age }),
      ...(profile.sex === 'female' || profile.sex === 'male' || profile.sex === 'other' ? { sex: profile.sex } : {}),
      level: LEVELS[level],
      conditions: known([...strings(profile.conditions), ...physio.conditions], codes(catalog, 'conditions')),
      constraints: known([...strings(profile.constraints), ...constraintsOf(ask), ...physio.constraints], codes(catalog, 'constraints')),
      equipment: known(ask.equipment, codes(catalog, 'equipment')),
      red_flags: known(strings(profile.red_flags), codes(catalog, 'red_flags')),
      deficits: known([...strings(profile.deficits), ...(ask.focus ?? [])], [...codes(catalog, 'moves'), ...codes(catalog, 'muscles'), ...regions]),
      soreness: known([...strings(profile.soreness), ...soreOf(person, now)], regions),
      acute_regions: known([...strings(profile.acute_regions), ...physio.regions], regions),
      ...(typeof pressure.systolic === 'number' && typeof pressure.diastolic === 'number'
        ? { blood_pressure: { systolic: pressure.systolic, diastolic: pressure.diastolic } }
        : {}),
    },
    history: {
      exercises: exercisesOf(person, sessions, now, physio.kept),
      sessions: sessions.filter(({ rpe }) => typeof rpe === 'number').slice(-SESSIONS_KEPT).reverse()
        .map(({ at, rpe }) => ({ days_since: daysSince(at, now) ?? 0, rpe: rpe as number, target: 4 })),
      pain: Object.fromEntries(Object.entries(painOf(person, now)).filter(([region]) => regions.includes(region))),
      ...(person.learned === null ? {} : { learned: person.learned }),
    },
    seed,
    ...(person.consents ? { explore: true } : {}),
  };
}
