import { Redirect, useRouter } from 'expo-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { completedS, rate, type Play, type PlayItem, type Rating } from '@/domain/play';
import { Figure } from '@/figure/Figure';
import { useLabels } from '@/i18n/labels';
import { Button, Card, Choice, Icon, IconButton, Notice, Screen, Section, Spinner, Text, useTheme, useWide } from '@/ui';
import { useFit } from '@/you/useFit';

import { leftOutSince, Reasons } from './Changed';
import { clock } from './lines';
import { PhaseStrip } from './PhaseStrip';
import { readSession, savePlay, settle, type Session } from './playing';

/** The route /play/after: how hard, how it felt, done. Nothing has to be answered. */
export function AfterScreen() {
  const { t } = useTranslation('player');
  const { store } = useLimber();
  const [session, setSession] = useState<Session | null | undefined>();
  useEffect(() => {
    let left = false;
    void readSession(store).then((found) => {
      if (!left) setSession(found);
    });
    return () => {
      left = true;
    };
  }, [store]);
  if (session === undefined) {
    return (
      <View role="main" style={{ flex: 1, justifyContent: 'center' }}>
        <Spinner label={t('title')} />
      </View>
    );
  }
  if (session === null) return <Redirect href="/" />;
  if (session.play.finishedAt === null) return <Redirect href="/play" />;
  return <After session={session} />;
}

const RPE = Array.from({ length: 11 }, (_, rpe) => String(rpe));

function After({ session }: { session: Session }) {
  const { t } = useTranslation('player');
  const { store, maker } = useLimber();
  const router = useRouter();
  const { space, color } = useTheme();
  const [play, setPlay] = useState(session.play);
  const [rpe, setRpe] = useState<string | null>(null);
  const [phase, setPhase] = useState<'asking' | 'saving' | 'failed'>('asking');
  const gone = leftOutSince(play, useFit(session.playing.made));
  const done = play.items.filter((item) => item.state === 'done').length;
  const early = done < play.items.filter((item) => item.state !== 'swapped').length / 2;
  const save = (): void => {
    setPhase('saving');
    settle(store, maker, { ...session, play }, rpe === null ? null : Number(rpe)).then(
      () => router.replace('/'),
      () => setPhase('failed'),
    );
  };
  const feel = (place: number, rating: Rating | null): void => {
    const next = rate(play, place, rating);
    setPlay(next);
    void savePlay(store)(next); // also a kill in the middle of rating loses none
  };
  return (
    <Screen
      title={t(early ? 'after.early' : 'after.title')}
      footer={<Button kind="go" icon="check" label={t('after.done')} onPress={save} busy={phase === 'saving'} wide />}
    >
      <View style={{ gap: space(4) }}>
        <View style={{ flexDirection: 'row', alignItems: 'center', gap: space(4) }}>
          <View style={{ width: 60, height: 60, borderRadius: 30, alignItems: 'center', justifyContent: 'center', backgroundColor: color.accent }}>
            <Icon name="check" size={32} color={color.onAccent} />
          </View>
          <Text kind="heading" soft style={{ flexShrink: 1 }}>
            {t('after.summary', { time: clock(completedS(play)), count: done })}
          </Text>
        </View>
        <PhaseStrip play={play} />
      </View>
      {phase === 'failed' ? <Notice kind="danger" live>{t('after.failed')}</Notice> : null}
      {play.items.some((item) => item.pain > 0) ? <Notice kind="warn">{t('after.pain')}</Notice> : null}
      {gone.length > 0 ? <Notice kind="info" title={t('changed.title')}><Reasons gone={gone} /></Notice> : null}
      <Section title={t('after.rpe')} detail={t('after.rpeHint')}>
        <Choice label={t('after.rpe')} hideLabel options={RPE.map((value) => ({ value, label: value }))} value={rpe} onChange={setRpe} />
        <Text soft live>{rpe === null ? ' ' : t(`after.rpeWords.r${rpe}`)}</Text>
      </Section>
      <Feel play={play} onFeel={feel} />
    </Screen>
  );
}

function Feel({ play, onFeel }: { play: Play; onFeel: (place: number, rating: Rating | null) => void }) {
  const { t } = useTranslation('player');
  const wide = useWide();
  const { space } = useTheme();
  const met = play.items.map((item, place) => ({ item, place })).filter(({ item }) => item.state !== 'todo' && item.state !== 'left_out');
  return (
    <Section title={t('after.feel')} detail={t('after.feelHint')}>
      <View style={{ flexDirection: 'row', flexWrap: 'wrap', gap: space(3) }}>
        {met.map(({ item, place }) => (
          <View key={place} style={{ width: wide ? '48%' : '100%' }}>
            <Felt item={item} onFeel={(rating) => onFeel(place, rating)} />
          </View>
        ))}
      </View>
    </Section>
  );
}

function Felt({ item, onFeel }: { item: PlayItem; onFeel: (rating: Rating | null) => void }) {
  const { t } = useTranslation('player');
  const { exercise } = useLabels();
  const { space } = useTheme();
  const { name } = exercise(item.slug);
  const press = (rating: Rating): void => onFeel(item.rating === rating ? null : rating);
  return (
    <Card>
      <View style={{ flexDirection: 'row', alignItems: 'center', gap: space(3) }}>
        <Figure slug={item.slug} size={56} playing={false} still />
        <View style={{ flex: 1, minWidth: 0 }}>
          <Text kind="label">{name}</Text>
          <Text kind="small" soft>
            {t(`after.state.${item.state}`, { pain: item.pain })}
          </Text>
        </View>
        <IconButton icon="thumb-down" label={t('after.bad', { name })} selected={item.rating === -1} onPress={() => press(-1)} />
        <IconButton icon="thumb-up" label={t('after.good', { name })} selected={item.rating === 1} onPress={() => press(1)} />
      </View>
    </Card>
  );
}
