/** What a reminder, a quick action or a planned session asks for, from the home screen's address: `/?kind=…&minutes=…&activity=…`. */

import type { Catalog } from '@/generator/catalog';

import { KINDS, mended, type Ask } from './ask';

export interface AskQuery {
  readonly kind?: string | string[];
  readonly minutes?: string | string[];
  readonly activity?: string | string[];
}

/** The ask that was kept with what the address says laid over it; null where it says nothing that can be asked for. */
export function askedFor(query: AskQuery, before: Ask, catalog: Catalog): Ask | null {
  const kind = KINDS.find((one) => one === query.kind);
  if (kind === undefined) return null;
  const minutes = typeof query.minutes === 'string' && /^\d{1,3}$/.test(query.minutes) ? Number(query.minutes) : before.minutes;
  const named = typeof query.activity === 'string' && catalog.activities.has(query.activity) ? query.activity : null;
  const activity = named ?? (kind === 'desk_break' ? 'desk_work' : kind === 'mobility' ? 'general' : before.activity);
  return mended({ ...before, kind, minutes, activity, startsIn: null }, catalog);
}
