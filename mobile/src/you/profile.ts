import { useCallback } from 'react';

import { useRecord, useStore } from '@/store/hooks';

/** Fields of the record `profile/me` (docs/sync-records.md). */
export interface Profile {
  readonly name: string;
  readonly birth_year: number | null;
  readonly sex: 'female' | 'male' | 'other' | null;
  readonly level: 'beginner' | 'recreational' | 'trained' | null;
  readonly activities: readonly string[];
  readonly equipment: readonly string[];
  readonly constraints: readonly string[];
  readonly conditions: readonly string[];
  readonly red_flags: readonly string[];
  readonly soreness: readonly string[];
  readonly acute_regions: readonly string[];
  readonly deficits: readonly string[];
  readonly blood_pressure: { readonly systolic: number; readonly diastolic: number; readonly at?: string } | null;
}

export type SetProfile = (set: Partial<Profile>) => void;

/** The person, empty where nothing was told; undefined while it is read. */
export function useProfile(): readonly [Partial<Profile> | undefined, SetProfile] {
  const store = useStore();
  const record = useRecord<Profile>('profile', 'me');
  const set = useCallback<SetProfile>(
    (fields) => void store.write([{ collection: 'profile', id: 'me', set: fields }]),
    [store],
  );
  return [record === undefined ? undefined : (record?.data ?? {}), set];
}
