/**
 * Looks at a change before it is kept, so that a mistake shows at once and not when the server refuses it. The rules are the
 * server's own (`rules.json`, made from sync/records.py by `python -m sync.record_rules`), and so are the sentences.
 */

import rules from './rules.json';
import type { Collection, Fields } from './types';

/** A change that cannot be kept. `field` is a dotted path such as `slots[2].outcome`, `reason` completes it to a sentence. */
export class ChangeError extends Error {
  constructor(readonly field: string, readonly reason: string) {
    super(`${field}: ${reason}`);
    this.name = 'ChangeError';
  }
}

interface Field {
  readonly kind: string;
  readonly none?: boolean;
  readonly required?: boolean;
  readonly wrong?: string;
  readonly low?: number;
  readonly high?: number;
  readonly above?: boolean;
  readonly least?: number;
  readonly most?: number;
  readonly pattern?: string;
  readonly words?: readonly string[];
  readonly item?: Field;
  readonly members?: Readonly<Record<string, Field>>;
  readonly together?: string;
}

interface Rule {
  readonly id: string;
  readonly most_bytes: number;
  readonly append_only: boolean;
  readonly read_only: boolean;
  readonly fields: Readonly<Record<string, Field>>;
}

interface Rules {
  readonly shared: Readonly<Record<string, { readonly pattern: string; readonly wrong: string }>>;
  readonly collections: Readonly<Record<Collection, Rule>>;
}

const { shared, collections } = rules as unknown as Rules;

export const COLLECTIONS = Object.keys(collections) as Collection[];

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const FIELDS_MOST = 64;
const DEPTH = 32;
const INSTANT = /^((?:19|20|21)\d\d-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/;
const DAY = /^(?:19|20|21)\d\d-\d\d-\d\d$/;
// Begins a sealed value in the server's database, and is therefore allowed nowhere.
const SEALED = '\u001a';
const LONE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Throws ChangeError for an id that the collection does not allow, or a collection that devices do not write. */
export function checkId(collection: Collection, id: string): void {
  const rule = collections[collection];
  if (rule === undefined) throw new ChangeError('collection', `there is no ${collection}`);
  if (rule.read_only) throw new ChangeError('collection', `what is in ${collection} is not for devices to write`);
  if (!whole(rule.id).test(id)) throw new ChangeError('id', `an id of ${collection} must match ${rule.id}`);
}

/** Throws ChangeError unless the collection's records may be deleted. */
export function checkDelete(collection: Collection): void {
  if (appendOnly(collection)) throw new ChangeError('delete', `a record of ${collection} stays as it was written`);
}

export function appendOnly(collection: Collection): boolean {
  return collections[collection].append_only;
}

/**
 * Throws ChangeError for the first field that cannot be accepted; `before` is the record as it is, null when there is none. Fields
 * that are not declared are kept: the server keeps them too.
 */
export function checkFields(collection: Collection, fields: Fields, before: Fields | null): void {
  const rule = collections[collection];
  const names = Object.keys(fields);
  if (names.length === 0 || names.length > FIELDS_MOST) throw new ChangeError('set', `must have 1 to ${FIELDS_MOST} fields`);
  if (rule.append_only && before !== null) throw new ChangeError('id', 'this record exists; it stays as it was written');
  for (const [name, value] of Object.entries(fields)) checkField(collection, name, value);
  if (rule.append_only) {
    const missing = Object.entries(rule.fields).find(([name, field]) => field.required === true && !(name in fields));
    if (missing !== undefined) throw new ChangeError(missing[0], 'is missing');
  }
  if (bytes(JSON.stringify({ ...before, ...fields })) > rule.most_bytes) {
    throw new ChangeError('set', `the record would have more than ${rule.most_bytes} bytes`);
  }
}

/** Throws ChangeError unless the field of that name may hold the value. */
export function checkField(collection: Collection, name: string, value: unknown): void {
  checkValue(value, name, 1);
  const declared = Object.hasOwn(collections[collection].fields, name) ? collections[collection].fields[name] : undefined;
  if (declared !== undefined) look(declared, value, name);
  else if (!NAME.test(name)) {
    throw new ChangeError(name.slice(0, 64), 'is not the name of a field: a letter or _, then letters, digits and _');
  }
}

function look(field: Field, value: unknown, where: string): void {
  if (value === null && field.none === true) return;
  const common = shared[field.kind];
  if (common !== undefined) {
    if (typeof value !== 'string' || !whole(common.pattern).test(value)) throw new ChangeError(where, common.wrong);
    return;
  }
  const problem = KINDS[field.kind]!(field, value, where);
  if (problem !== null) throw new ChangeError(where, problem);
}

/** What is wrong with the value itself, or null; looks into what it holds, which throws. */
const KINDS: Readonly<Record<string, (field: Field, value: unknown, where: string) => string | null>> = {
  whole: (field, value) => (Number.isInteger(value) && within(field, value as number) ? null : field.wrong!),
  number: (field, value) => {
    const fits = typeof value === 'number' && within(field, value) && !(field.above === true && value === field.low);
    return fits ? null : field.wrong!;
  },
  flag: (_, value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  words: (field, value) => (typeof value === 'string' && fits(field, [...value].length) ? null : field.wrong!),
  shaped: (field, value) => (typeof value === 'string' && whole(field.pattern!).test(value) ? null : field.wrong!),
  oneof: (field, value) => (typeof value === 'string' && field.words!.includes(value) ? null : field.wrong!),
  instant: (_, value) => (typeof value === 'string' && isInstant(value) ? null : 'must be an instant such as 2026-01-09T18:27:59.871Z'),
  day: (_, value) => (typeof value === 'string' && DAY.test(value) && isDay(value) ? null : 'must be a day such as 2026-01-09'),
  listof: (field, value, where) => {
    if (!Array.isArray(value) || !fits(field, value.length)) return field.wrong!;
    value.forEach((item, i) => look(field.item!, item, `${where}[${i}]`));
    return null;
  },
  slots: (field, value, where) => {
    const wrong = KINDS.listof!(field, value, where);
    if (wrong !== null) return wrong;
    (value as readonly { place: number }[]).forEach((slot, i) => {
      if (slot.place !== i) throw new ChangeError(`${where}[${i}].place`, `must be ${i}: slots in order`);
    });
    return null;
  },
  mapof: (field, value, where) => {
    if (!isObject(value) || Object.keys(value).length > field.most!) return field.wrong!;
    for (const [name, item] of Object.entries(value)) {
      look({ kind: 'code' }, name, `${where}.${name.slice(0, 64)}`);
      look(field.item!, item, `${where}.${name}`);
    }
    return null;
  },
  anyobject: (_, value) => (isObject(value) ? null : 'must be an object'),
  part: (field, value, where) => {
    if (!isObject(value)) return 'must be an object';
    for (const [name, member] of Object.entries(field.members!)) {
      if (name in value) look(member, value[name], `${where}.${name}`);
      else if (member.required === true) throw new ChangeError(`${where}.${name}`, 'is missing');
    }
    if (field.together !== undefined) TOGETHER[field.together]!(value, where);
    return null;
  },
};

/** What data cannot say: members that are right one by one but not with each other. Names are those of sync/records.py. */
const TOGETHER: Readonly<Record<string, (value: Fields, where: string) => void>> = {
  pressures: (value, where) => {
    if (!((value.diastolic as number) < (value.systolic as number))) throw new ChangeError(`${where}.diastolic`, 'must be below systolic');
  },
  explored: (value, where) => {
    if (value.explored !== (value.propensity as number) < 1) {
      throw new ChangeError(`${where}.explored`, 'must be true exactly where the item was drawn: propensity below 1');
    }
  },
};

/** Throws ChangeError for what JSON, or the server's database, does not keep exactly. Members that are undefined are no members. */
function checkValue(value: unknown, where: string, depth: number): void {
  if (typeof value === 'string') checkText(value, where);
  else if (typeof value === 'number') {
    if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      throw new ChangeError(where, 'is not a number that JSON keeps exactly');
    }
  } else if (typeof value === 'object' && value !== null) {
    if (depth === DEPTH) throw new ChangeError(where, `is nested deeper than ${DEPTH}`);
    if (Array.isArray(value)) value.forEach((item, i) => checkValue(item, `${where}[${i}]`, depth + 1));
    else {
      for (const [name, item] of Object.entries(value)) {
        checkText(name, where);
        if (item !== undefined) checkValue(item, `${where}.${name}`, depth + 1);
      }
    }
  } else if (value !== null && typeof value !== 'boolean') throw new ChangeError(where, `is ${typeof value}, not JSON`);
}

function checkText(text: string, where: string): void {
  if (text.includes('\u0000')) throw new ChangeError(where, 'holds a NUL character');
  if (text.includes(SEALED)) throw new ChangeError(where, 'must not hold the control character U+001A');
  if (LONE.test(text)) throw new ChangeError(where, 'holds a lone surrogate');
}

function isInstant(text: string): boolean {
  const found = INSTANT.exec(text);
  if (found === null) return false;
  const [, day, hour, minute, second, offsetHour, offsetMinute] = found;
  return isDay(day!) && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
    && Number(offsetHour ?? 0) < 24 && Number(offsetMinute ?? 0) < 60;
}

/** Whether the calendar has the day; the text has the form of one. */
function isDay(text: string): boolean {
  const [year, month, day] = text.split('-').map(Number) as [number, number, number];
  const made = new Date(Date.UTC(year, month - 1, day));
  return made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function within(field: Field, value: number): boolean {
  return value >= field.low! && value <= field.high!;
}

function fits(field: Field, length: number): boolean {
  return length >= field.least! && length <= field.most!;
}

const compiled = new Map<string, RegExp>();

/** A pattern that has to match the whole text. */
function whole(pattern: string): RegExp {
  const made = compiled.get(pattern) ?? new RegExp(`^(?:${pattern})$`);
  compiled.set(pattern, made);
  return made;
}

/** Length in UTF-8. */
function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
