import { useCallback, useMemo } from 'react';

import { dayOf, type Pref, type Prefs } from '@/domain/library';
import { useRecords, useStore } from '@/store/hooks';

/** What somebody thinks of each exercise, by slug; undefined while it is read. */
export function usePrefs(): Prefs | undefined {
  const records = useRecords<Pref>('exercise_pref');
  return useMemo(() => records && new Map(records.map(({ id, data }) => [id, data])), [records]);
}

/** Writes some fields of one exercise's record, with the moment of the change. */
export function useSetPref(): (slug: string, set: Partial<Pref>) => Promise<void> {
  const store = useStore();
  return useCallback(
    (slug, set) => store.write([{ collection: 'exercise_pref', id: slug, set: { ...set, at: new Date().toISOString() } }]),
    [store],
  );
}

/** Local day so many days from now. */
export function inDays(days: number, now = new Date()): string {
  return dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() + days));
}
