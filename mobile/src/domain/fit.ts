/**
 * Whether an exercise suits somebody now: the checker's own rules, asked of one exercise. Reasons come in the form of a
 * routine's `left_out`, for `Labels.because`.
 */

import { codes, type Catalog } from '@/generator/catalog';
import { checkExercise } from '@/generator/checker';
import type { Payload } from '@/generator/maker';

import { firstAsk, type Ask } from './ask';
import { payloadOf, type Person } from './payload';

/** The person, in no place in particular. Kit and level that they were not asked about are not held against them. */
export function payloadAnywhere(person: Person, catalog: Catalog, now: Date): Payload {
  const { equipment: owned } = person.profile;
  const free = [...(catalog.vocabulary.get('free_equipment')?.keys() ?? [])];
  const equipment = Array.isArray(owned) ? [...free, ...owned] : codes(catalog, 'equipment');
  const profile = { ...person.profile, level: person.profile.level ?? 'trained' };
  return payloadOf({ ask: firstAsk([], equipment), person: { ...person, profile }, catalog, now, seed: 0 });
}

/** What was asked for, asked again for the person as they are now: for a routine that is under way. */
export function payloadNow(payload: Payload, person: Person, catalog: Catalog, now: Date): Payload {
  const { request, profile } = payload;
  const ask: Ask = {
    ...firstAsk([], (profile?.equipment ?? []) as string[]), kind: request.kind as Ask['kind'],
    activity: request.activity as Ask['activity'], wishes: (profile?.constraints ?? []) as string[],
  };
  return payloadOf({ ask, person, catalog, now, seed: 0 });
}

/** What keeps an exercise from the person; empty where nothing does. */
export function notNow(catalog: Catalog, payload: Payload, slug: string): readonly string[] {
  return [...new Set(checkExercise(catalog, payload, slug).map(({ because, message }) => because ?? message))];
}

/** What became known of a person since a routine was made. */
export interface Fit {
  /** What keeps an exercise of the routine from them now and did not when it was made; pain on the way is the player's. */
  against(slug: string): readonly string[];
  /** Whether an exercise may come in now. */
  suits(slug: string): boolean;
}

export function fitOf(catalog: Catalog, made: Payload, person: Person, at: Date): Fit {
  const now = payloadNow(made, person, catalog, at);
  const painAsMade: Payload = { ...now, history: { ...now.history, pain: made.history?.pain ?? {} } };
  const known = new Map<string, readonly string[]>();
  return {
    against(slug) {
      let found = known.get(slug);
      if (found === undefined) {
        found = notNow(catalog, made, slug).length > 0 ? [] : notNow(catalog, painAsMade, slug);
        known.set(slug, found);
      }
      return found;
    },
    suits: (slug) => notNow(catalog, now, slug).length === 0,
  };
}
