/**
 * A routine in a link. It carries what to do and nothing about anybody: no profile, no history, no reasons, since a link is
 * passed on. It is in the fragment, so no server sees it either. Whoever opens it gets it checked against themselves.
 */

import type { KeptItem } from './draft';
import { KINDS, type Kind, type OwnActivity } from './ask';

export interface Shared {
  readonly kind: Kind;
  readonly activity: string | OwnActivity;
  readonly title: string | null;
  readonly items: readonly Required<KeptItem>[];
}

/** The link is not one of ours, is damaged, or of a newer app. */
export class LinkInvalid extends Error {
  override readonly name = 'LinkInvalid';
}

const VERSION = 1;
const LONGEST = 20_000;
const ITEMS_MOST = 48;
const CODE = /^[a-z0-9][a-z0-9_.-]{0,63}$/;

function toBase64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function fromBase64Url(text: string): string {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return new TextDecoder().decode(Uint8Array.from(plain, (char) => char.charCodeAt(0)));
}

/** The fragment of a link, without its `#`. Items are lists, not objects: half the length. */
export function linkOf(shared: Shared): string {
  const { kind, activity, title, items } = shared;
  return toBase64Url(JSON.stringify([
    VERSION, kind, typeof activity === 'string' ? activity : activity.muscles, title,
    items.map((item) => [
      item.slug, item.phase, item.position, item.sets, item.work_s_per_side, item.sides, item.rest_s, item.transition_s, item.reps,
    ]),
  ]));
}

function need(holds: boolean): asserts holds {
  if (!holds) throw new LinkInvalid('this link does not hold a routine');
}

function whole(value: unknown, low: number, high: number): number {
  need(typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high);
  return value;
}

function code(value: unknown): string {
  need(typeof value === 'string' && CODE.test(value));
  return value;
}

/** Throws LinkInvalid. Bounds are wide: the checker is strict. */
export function readLink(fragment: string): Shared {
  need(fragment.length > 0 && fragment.length <= LONGEST);
  let found: unknown;
  try {
    found = JSON.parse(fromBase64Url(fragment.replace(/^#/, '')));
  } catch {
    throw new LinkInvalid('this link is damaged');
  }
  need(Array.isArray(found) && found.length === 5 && found[0] === VERSION);
  const [, kind, activity, title, items] = found as unknown[];
  need(KINDS.includes(kind as Kind) && (title === null || (typeof title === 'string' && title.length <= 120)));
  need(Array.isArray(items) && items.length > 0 && items.length <= ITEMS_MOST);
  const read = (row: unknown): Required<KeptItem> => {
    need(Array.isArray(row) && row.length === 9);
    return {
      slug: code(row[0]), phase: code(row[1]), position: code(row[2]), sets: whole(row[3], 1, 20),
      work_s_per_side: whole(row[4], 1, 600), sides: whole(row[5], 1, 2), rest_s: whole(row[6], 0, 300),
      transition_s: whole(row[7], 0, 120), reps: row[8] === null ? null : whole(row[8], 1, 500),
    };
  };
  return { kind: kind as Kind, activity: activityOf(activity), title, items: items.map(read) };
}

function activityOf(value: unknown): string | OwnActivity {
  if (typeof value === 'string') return code(value);
  need(typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= 64);
  return { muscles: Object.fromEntries(Object.entries(value).map(([muscle, n]) => [code(muscle), whole(n, 0, 3)])) };
}
