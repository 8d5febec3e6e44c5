import { useLocalSearchParams, useRouter } from 'expo-router';
import { useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { againOf, type Again, type LastPlayed } from '@/domain/again';
import { askedFor, type AskQuery } from '@/domain/askQuery';
import { firstAsk, mended, MINUTES, type Ask, type AskMemory } from '@/domain/ask';
import { usePreload } from '@/layout/preload';
import { useSyncWord } from '@/layout/useSyncWord';
import { NextCards } from '@/programs/NextCard';
import { DueReminder } from '@/reminders/DueReminder';
import { makeRoutine, openRoutine, useWarmUp } from '@/routine/current';
import { titleOf, useRoutineWords } from '@/routine/words';
import { useLocalState, useRecord, useRecords } from '@/store/hooks';
import { Button, Card, Dial, Icon, Notice, Row, Screen, Section, Text, useTheme, useWide } from '@/ui';

import { ActivityPicker } from './ActivityPicker';
import { KindTiles } from './KindTiles';
import { Place, StartsIn } from './Place';

interface ProfileFields {
  readonly name: string | null;
  readonly activities: readonly string[];
  readonly equipment: readonly string[];
  readonly level: string | null;
  readonly red_flags: readonly string[];
}

/** Say what you are up to, and have it. Usable before the model is there: only the making waits for it. */
export function HomeScreen() {
  const profile = useRecord<ProfileFields>('profile', 'me');
  const memory = useLocalState<AskMemory>('ask');
  const query = useLocalSearchParams() as AskQuery;
  if (profile === undefined || memory.loading) return null;
  // A reminder or quick action that is pressed while home stands makes its choices anew.
  return <Home key={JSON.stringify(query)} profile={profile?.data ?? {}} memory={memory.value} query={query} />;
}

interface HomeProps {
  readonly profile: Partial<ProfileFields>;
  readonly memory: AskMemory | undefined;
  readonly query: AskQuery;
}

function Home({ profile, memory, query }: HomeProps) {
  const limber = useLimber();
  const theme = useTheme();
  const wide = useWide();
  const router = useRouter();
  const { t } = useTranslation('home');
  const hello = useHello(profile.name ?? null);
  const sync = useSyncWord();
  const [ask, setAsk] = useState<Ask>(() => {
    const before = mended(memory?.last ?? firstAsk(profile.activities, profile.equipment, profile.level), limber.catalog);
    return askedFor(query, before, limber.catalog) ?? before;
  });
  const change = (part: Partial<Ask>): void => setAsk((before) => ({ ...before, ...part }));
  useWarmUp(ask);
  usePreload();
  const make = (wanted: Ask): void => {
    void makeRoutine(limber, wanted);
    router.push('/routine');
  };
  const what = (
    <View style={{ gap: theme.space(7) }}>
      <KindTiles value={ask.kind} onChange={(kind) => change({ kind })} />
      <Section title={t('activity.label')}>
        <ActivityPicker value={ask.activity} onChange={(activity) => change({ activity })} recent={memory?.recent ?? []} mine={profile.activities ?? []} own={memory?.own} />
      </Section>
    </View>
  );
  const place = (
    <Section title={t('place.title')}>
      <Place ask={ask} onChange={change} />
    </Section>
  );
  const time = (
    <View style={{ gap: theme.space(6), flex: wide ? 2 : undefined }}>
      <Dial
        label={t('minutes.label')} value={ask.minutes} min={MINUTES.min} max={MINUTES.max} step={1} unit={t('minutes.unit')}
        less={t('minutes.less')} more={t('minutes.more')} onChange={(minutes) => change({ minutes })}
      />
      {ask.kind === 'warmup' ? <StartsIn value={ask.startsIn} onChange={(startsIn) => change({ startsIn })} /> : null}
      {wide ? <Button kind="go" icon="play" label={t('make')} onPress={() => make(ask)} wide /> : null}
    </View>
  );
  return (
    <Screen
      title={t('title')}
      above={sync === null ? hello : `${hello} · ${sync}`}
      width={wide ? 1040 : 720}
      footer={wide ? undefined : <Button kind="go" icon="play" label={t('make')} onPress={() => make(ask)} wide />}
    >
      <Notices flags={profile.red_flags ?? []} />
      <DueReminder />
      <NextCards />
      <AgainCard />
      {wide ? (
        <View style={{ flexDirection: 'row', gap: theme.space(12), alignItems: 'flex-start' }}>
          <View style={{ gap: theme.space(7), flex: 3 }}>
            {what}
            {place}
          </View>
          {time}
        </View>
      ) : (
        <>
          {what}
          {time}
          {place}
        </>
      )}
      <Row title={t('programs:title')} icon="calendar" role="link" onPress={() => router.push('/programs' as '/')} />
      <Row title={t('saved')} icon="heart" role="link" onPress={() => router.push('/routines')} />
    </Screen>
  );
}

function useHello(name: string | null): string {
  const { t } = useTranslation('home');
  const hour = new Date().getHours();
  const hello = t(`hello.${hour < 5 || hour >= 18 ? 'evening' : hour < 11 ? 'morning' : 'day'}`);
  return name ? t('hello.named', { hello, name }) : hello;
}

/** What has to be said before anything else: a routine under way, warning signs, a question that was skipped, no model. */
function Notices({ flags }: { flags: readonly string[] }) {
  const router = useRouter();
  const { t } = useTranslation('home');
  const { maker } = useLimber();
  const playing = useLocalState<object>('playing');
  const onboarding = useLocalState<{ readonly flags?: boolean }>('onboarding');
  const phase = useSyncExternalStore(maker.subscribe, () => maker.phase, () => maker.phase);
  const underWay = playing.value !== undefined;
  const asked = onboarding.value?.flags === true;
  return (
    <>
      {underWay ? (
        <Card tone="accent">
          <Text kind="heading">{t('resume.title')}</Text>
          <Button icon="play" label={t('resume.button')} onPress={() => router.push('/play')} />
        </Card>
      ) : null}
      {flags.length > 0 ? (
        <Notice kind="danger" title={t('refer.title')} action={<Button kind="quiet" label={t('refer.button')} onPress={() => router.push('/start?step=flags')} />}>
          {t('refer.text')}
        </Notice>
      ) : null}
      {flags.length === 0 && !asked && !onboarding.loading ? (
        <Notice kind="info" title={t('flags.title')} action={<Button kind="quiet" label={t('flags.button')} onPress={() => router.push('/start?step=flags')} />}>
          {t('flags.text')}
        </Notice>
      ) : null}
      {phase === 'failed' ? (
        <Notice kind="warn" live action={<Button kind="quiet" label={t('model.retry')} onPress={() => void maker.ready().catch(() => undefined)} />}>
          {t('model.failed')}
        </Notice>
      ) : null}
    </>
  );
}

/** One tap to yesterday's routine, the second starts it. */
function AgainCard() {
  const limber = useLimber();
  const router = useRouter();
  const theme = useTheme();
  const { t } = useTranslation('home');
  const words = useRoutineWords();
  const sessions = useRecords('session');
  const last = useLocalState<LastPlayed>('last');
  if (sessions === undefined || last.loading) return null;
  const again = againOf(last.value, sessions, new Date());
  if (again === null) return null;
  const title = titleOf(words, again.ask);
  const minutes = words.minutes(again.ask.minutes * 60);
  const repeat = ({ ask, items }: Again): void => {
    const mine = mended(ask, limber.catalog);
    void (items === null ? makeRoutine(limber, mine) : openRoutine(limber, { ask: mine, items, from: 'again' }));
    router.push('/routine');
  };
  return (
    <Card tone="spark" onPress={() => repeat(again)}>
      <View style={{ flexDirection: 'row', alignItems: 'center', gap: theme.space(4) }}>
        <View style={{ width: 48, height: 48, borderRadius: 24, backgroundColor: theme.color.spark, alignItems: 'center', justifyContent: 'center' }}>
          <Icon name="refresh" color={theme.color.onSpark} />
        </View>
        <View style={{ flex: 1, minWidth: 0 }}>
          <Text kind="label" color={theme.color.spark}>
            {`${t('again.title')} · ${t('again.when', { days: again.days })}`}
          </Text>
          <Text kind="heading">{title}</Text>
          <Text kind="small" soft>
            {minutes}
          </Text>
        </View>
      </View>
    </Card>
  );
}
