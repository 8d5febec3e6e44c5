import { Redirect, useRouter } from 'expo-router';
import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { useLimber } from '@/boot';
import { happened } from '@/domain/after';
import { back, currentItem, currentStep, finish, hurry, hurts, leaveOut, lengthen, pause, resume, skip, type Play } from '@/domain/play';
import { playerSettings, type PlayerRecord, type PlayerSettings } from '@/domain/playerSettings';
import { regionsOf, workBounds, worksRegion } from '@/domain/spare';
import { phaseColor, PhaseStrip } from '@/player/PhaseStrip';
import { useRecord } from '@/store/hooks';
import { Button, Empty, IconButton, Screen, Spinner, Text, useTheme } from '@/ui';
import { setTitle } from '@/ui/page';
import { useFit } from '@/you/useFit';

import { leftOutSince, Reasons } from './Changed';
import type { Driver } from './driver';
import { HAS_KEYS } from './keyboard';
import { HurtPanel } from './HurtPanel';
import { HurtsSheet } from './HurtsSheet';
import { clearPlaying, reopened, writePain, type Session } from './playing';
import { ChangedSheet, EndSheet, HelpSheet } from './Sheets';
import { Stage } from './Stage';
import { mixed } from './tint';
import { useDriver, usePlay } from './useDriver';
import { useKeys } from './useKeys';

/** The route /play: what is being played, where it was left. */
export function PlayerScreen() {
  const { t } = useTranslation('player');
  const { store } = useLimber();
  const router = useRouter();
  const [session, setSession] = useState<Session | null | undefined>();
  const record = useRecord<PlayerRecord>('preferences', 'player');
  useEffect(() => {
    let left = false;
    void reopened(store).then((found) => {
      if (!left) setSession(found);
    });
    return () => {
      left = true;
    };
  }, [store]);
  if (session === undefined || record === undefined) {
    return (
      <View role="main" style={{ flex: 1, justifyContent: 'center' }}>
        <Spinner label={t('title')} />
      </View>
    );
  }
  if (session === null) {
    return (
      <Screen title={t('title')} back hideTitle>
        <Empty icon="play" title={t('nothing.title')} action={<Button label={t('nothing.home')} onPress={() => router.replace('/')} />}>
          {t('nothing.text')}
        </Empty>
      </Screen>
    );
  }
  if (session.play.finishedAt !== null) return <Redirect href="/play/after" />;
  return <Running session={session} settings={playerSettings(record?.data as PlayerRecord | undefined)} />;
}

function Running({ session, settings }: { session: Session; settings: PlayerSettings }) {
  const [muted, setMuted] = useState(false);
  const driver = useDriver(session, settings, muted);
  if (driver === null) return null;
  return <Player driver={driver} session={session} settings={settings} muted={muted} onMute={() => setMuted(!muted)} />;
}

interface PlayerProps {
  readonly driver: Driver;
  readonly session: Session;
  readonly settings: PlayerSettings;
  readonly muted: boolean;
  readonly onMute: () => void;
}

type Open = 'hurts' | 'end' | 'help' | null;

function Player({ driver, session, settings, muted, onMute }: PlayerProps) {
  const { t } = useTranslation('player');
  const { catalog, store } = useLimber();
  const router = useRouter();
  const theme = useTheme();
  const insets = useSafeAreaInsets();
  const play = usePlay(driver);
  const [open, setOpen] = useState<Open>(null);
  const { made } = session.playing;
  const fit = useFit(made);
  const gone = leftOutSince(play, fit);
  const [told, setTold] = useState(0);
  const item = currentItem(play);
  const [, mostS] = workBounds(catalog, item.slug);
  const act = driver.act;
  const ended = play.finishedAt !== null;

  useEffect(() => setTitle(t('title')), [t]);
  useEffect(() => {
    if (!ended) return;
    // What comes after reads the store: it must have the last word first.
    void driver.stop().then(() => router.replace('/play/after'));
  }, [ended, driver, router]);

  const suited = useCallback(
    (now: Play, at: string): Play => (fit === null ? now : leaveOut(now, (slug) => fit.against(slug).length > 0, at)), [fit],
  );
  useEffect(() => act(suited), [suited, act]);

  // A sheet stops the clock; closed, all is as it was before.
  const [wasPaused, setWasPaused] = useState(false);
  const ask = (what: Open): void => {
    setWasPaused(play.paused !== null);
    act((now) => pause(now, 'person'));
    setOpen(what);
  };
  const close = (): void => {
    setOpen(null);
    if (!wasPaused) act(resume);
  };
  const toggle = (): void => act((now, at) => (now.paused === null ? pause(now, 'person') : resume(now, at)));
  const leave = (forget: boolean): void => {
    act((now) => pause(now, 'person'));
    void driver.stop().then(() => (forget ? clearPlaying(store) : undefined)).then(() => router.replace('/'));
  };
  const report = (hurt: { region: string | null; level: number }): void => {
    setOpen(null);
    act((now) => hurts(now, hurt, (slug, region) => worksRegion(catalog, slug, region)));
    if (hurt.region !== null) void writePain(store, hurt.region, hurt.level).catch(() => undefined);
  };
  const actions = {
    onToggle: toggle,
    // What was done before somebody said what speaks against it does not come back either.
    onBack: () => act((now, at) => suited(back(now), at)),
    onNext: () => act(skip),
    onBegin: () => act((now, at) => hurry(now.paused === null ? now : resume(now, at))),
    onLonger: () => act((now) => lengthen(now, mostS)),
    onHurts: () => ask('hurts'),
  };
  const hurting = play.paused === 'hurt';
  useKeys(open === null && gone.length <= told && !hurting && !ended, { ...actions, onEnd: () => ask('end'), onMute, onHelp: () => ask('help') });

  if (ended) return <View role="main" style={{ flex: 1, backgroundColor: theme.color.bg }} />;
  return (
    <View
      role="main"
      style={{ flex: 1, backgroundColor: ground(theme, play), paddingTop: insets.top, paddingBottom: Math.max(insets.bottom, theme.space(2)) }}
    >
      <View style={UNSEEN}>
        <Text kind="title" role="heading" level={1}>
          {t('title')}
        </Text>
      </View>
      <View style={{ flexDirection: 'row', alignItems: 'center', gap: theme.space(1), paddingHorizontal: theme.space(3) }}>
        <IconButton icon="close" label={t('actions.close')} onPress={() => ask('end')} />
        <View style={{ flex: 1 }}>
          <PhaseStrip play={play} />
        </View>
        {HAS_KEYS ? <IconButton icon="info" label={t('actions.help')} onPress={() => ask('help')} /> : null}
        <IconButton icon={muted ? 'mute' : 'sound'} label={t(muted ? 'actions.unmute' : 'actions.mute')} onPress={onMute} />
      </View>
      {hurting ? (
        <HurtPanel play={play} made={made} fit={fit} act={act} onGoOn={() => act(resume)} onFinish={() => act(finish)} />
      ) : (
        <Stage driver={driver} play={play} hand={settings.hand} mostS={mostS} controls={actions} />
      )}
      {open === 'hurts' ? (
        <HurtsSheet open regions={sorted(catalog, item.slug)} onClose={close} onHurt={report} onAlarm={() => act(finish)} />
      ) : null}
      <EndSheet
        open={open === 'end'} begun={happened(play)} onClose={close} onLater={() => leave(false)} onDrop={() => leave(true)}
        onFinish={() => act(finish)}
      />
      <ChangedSheet
        open={gone.length > told} onClose={() => setTold(gone.length)}
        onGoOn={play.paused === 'hurt' ? null : () => {
          setTold(gone.length);
          act(resume);
        }}
      >
        <Reasons gone={gone} />
      </ChangedSheet>
      <HelpSheet open={open === 'help'} onClose={close} />
    </View>
  );
}

const UNSEEN = { position: 'absolute', width: 1, height: 1, overflow: 'hidden', opacity: 0.01 } as const;

/** While one works the ground takes on a breath of the phase's colour: seen from afar, read by nobody. */
function ground(theme: ReturnType<typeof useTheme>, play: Play): string {
  const { color, name } = theme;
  if (name === 'contrast' || play.paused !== null || currentStep(play).kind !== 'work') return color.bg;
  return mixed(color.bg, phaseColor(color, currentItem(play).phase), name === 'dark' ? 0.07 : 0.08);
}

/** Regions as they are asked for: those that the exercise works first. */
function sorted(catalog: ReturnType<typeof useLimber>['catalog'], slug: string): string[] {
  const all = [...(catalog.vocabulary.get('regions')?.keys() ?? [])];
  const place = catalog.places.get(slug);
  const works = place === undefined ? new Set<string>() : regionsOf(catalog, catalog.exercises[place]!);
  return [...all.filter((region) => works.has(region)), ...all.filter((region) => !works.has(region))];
}
