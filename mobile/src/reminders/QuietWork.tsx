import { useRouter } from 'expo-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AppState } from 'react-native';

import { useLimber } from '@/boot/context';
import { unwritten, type Workout } from '@/domain/healthLog';
import { dayOf } from '@/domain/library';
import { dueOn, followed, programOf, programWords, type Following } from '@/domain/programs';
import { plannedOf, upcoming, type DueSession, type Notice, type Reminder } from '@/domain/reminders';
import { rhythm, type Done } from '@/domain/weeks';
import { healthStore } from '@/health/health';
import type { HealthStore } from '@/health/types';
import { useLabels } from '@/i18n/labels';
import { useLocalState, useRecord, useRecords } from '@/store/hooks';
import type { Fields, Rec } from '@/store/types';

import { onPressed, permission, plant } from './notices';
import { offerActions, onAction } from './quickActions';
import { noticeHref, shortcuts } from './shortcuts';

/** Local key `health`: whether finished sessions go to the phone's health store, and since when. */
export interface HealthWish {
  readonly on: boolean;
  readonly since: string;
}

/** Mounted once around the screens; shows nothing. Plants reminders, offers quick actions, writes to the health store. */
export function QuietWork() {
  useReminders();
  useShortcuts();
  useHealthWriting();
  return null;
}

/** What comes in the next days, in the order of time; undefined while it is read. */
export function useUpcoming(now: Date): readonly Notice[] | undefined {
  const { catalog } = useLimber();
  const profile = useRecord<{ conditions: readonly string[] | null }>('profile', 'me');
  const preferences = useRecords('preferences');
  const sessions = useRecords<Done>('session');
  return useMemo(() => {
    if (profile === undefined || preferences === undefined || sessions === undefined) return undefined;
    const kept = (id: string): Fields => preferences.find((one) => one.id === id)?.data ?? {};
    const done = sessions.map(({ data }) => data);
    const doneDays = new Set(done.map(({ at }) => dayOf(new Date(at ?? ''))));
    const programs = followed(catalog, profile?.data.conditions ?? [], preferences as Rec<Following>[], sessions as readonly Rec[]);
    const due = (day: Date): DueSession | null => {
      for (const one of programs) {
        const session = dueOn(one, day);
        if (session !== null) {
          return { code: one.program.code, part: session.part, kind: one.program.parts[session.part]!.kind, minutes: session.minutes };
        }
      }
      return null;
    };
    return upcoming(
      (kept('reminders').reminders ?? []) as readonly Reminder[], plannedOf(kept('planned'), now), { doneDays, since: rhythm(done, now).since }, now,
      dayOf, due,
    );
  }, [catalog, now, preferences, profile, sessions]);
}

/** The words of a notice in the person's language. */
export function useNoticeText(): (notice: Notice) => string {
  const { t } = useTranslation('progress');
  const { catalog } = useLimber();
  const { label, language } = useLabels();
  return ({ text, kind, minutes, activity, program }) => {
    const known = program && programOf(catalog, program.code);
    const words = known && programWords(known, language);
    return t(`remind.${text}`, {
      minutes, activity: activity ? label('activities', activity) : label('kinds', kind),
      program: words?.name, part: words?.parts[program!.part]?.name,
    });
  };
}

function useReminders(): void {
  const { t } = useTranslation('progress');
  const router = useRouter();
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    // A phone keeps an app for weeks: whenever somebody comes back, the coming days are planted anew.
    const watch = AppState.addEventListener('change', (state) => {
      if (state === 'active') setNow(new Date());
    });
    return () => watch.remove();
  }, []);
  const notices = useUpcoming(now);
  const say = useNoticeText();
  const planted = notices?.map((one) => ({
    id: one.id, at: one.at, title: t('remind.title'), body: say(one), href: noticeHref(one),
  }));
  const key = planted === undefined ? undefined : JSON.stringify(planted);
  useEffect(() => {
    if (planted === undefined) return;
    void permission().then((given) => (given === 'granted' ? plant(planted) : undefined)).catch(() => undefined);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all that matters of them
  }, [key]);
  useEffect(() => onPressed((href) => router.push(href as '/')), [router]);
}

function useShortcuts(): void {
  const { t } = useTranslation('settings');
  const router = useRouter();
  const sessions = useRecords<Done>('session');
  const newest = sessions?.reduce<Partial<Done> | null>((best, { data }) => ((data.at ?? '') > (best?.at ?? '') ? data : best), null);
  const request = newest?.payload?.request as { kind?: string; activity?: unknown; budget_s?: number } | undefined;
  const last = request?.kind === undefined || request.budget_s === undefined ? null
    : { kind: request.kind, minutes: Math.round(request.budget_s / 60), activity: typeof request.activity === 'string' ? request.activity : null };
  const actions = shortcuts(last, (words, values) => t(words, values ?? {}));
  const key = sessions === undefined ? undefined : JSON.stringify(actions);
  useEffect(() => {
    if (key !== undefined) void offerActions(actions);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all that matters of them
  }, [key]);
  useEffect(() => onAction((href) => router.push(href as '/')), [router]);
}

function useHealthWriting(): void {
  const { label } = useLabels();
  const sessions = useRecords<Done>('session');
  const { value: wish } = useLocalState<HealthWish>('health');
  const { loading, value: known, set: remember } = useLocalState<readonly string[]>('health-written');
  const busy = useRef(false);
  useEffect(() => {
    if (healthStore === null || wish?.on !== true || sessions === undefined || loading || busy.current) return;
    busy.current = true;
    void writeAll(healthStore, unwritten(sessions, wish.since, known ?? []), known ?? [], (kind) => label('kinds', kind), remember)
      .finally(() => {
        busy.current = false;
      });
  }, [known, label, loading, remember, sessions, wish]);
}

/** One after the other, each remembered before the next. One that is refused is tried again another time, and stops no other. */
async function writeAll(
  store: HealthStore, list: readonly Workout[], known: readonly string[], titleOf: (kind: string) => string,
  remember: (ids: readonly string[]) => Promise<void>,
): Promise<void> {
  const ids = [...known];
  for (const one of list) {
    try {
      await store.write(one, titleOf(one.kind));
      ids.push(one.id);
      await remember([...ids]);
    } catch {
      // the next session or the next start tries it again
    }
  }
}
