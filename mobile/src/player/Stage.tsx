import { useCallback, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ScrollView, View, useWindowDimensions } from 'react-native';

import { canLengthen, currentItem, currentStep, leftS, nextItem, stepLeftS, type Play } from '@/domain/play';
import type { Hand } from '@/domain/playerSettings';
import { Figure } from '@/figure/Figure';
import { useLabels } from '@/i18n/labels';
import { Notice, Text, useReducedMotion, useTheme } from '@/ui';

import { Controls } from './Controls';
import type { Driver } from './driver';
import { announcement, clock, doseOf, sideOf } from './lines';
import { phaseColor } from './PhaseStrip';
import { Ring } from './Ring';
import { frameOf } from './size';

interface Props {
  readonly driver: Driver;
  readonly play: Play;
  readonly hand: Hand;
  /** Most seconds per side and set that the exercise's type allows. */
  readonly mostS: number;
  readonly controls: Omit<Parameters<typeof Controls>[0], 'hand' | 'paused' | 'waiting' | 'canLengthen' | 'low'>;
}

const TALL = 1.3;

/** The exercise that runs: figure in its ring, the time, what to do, what comes next. */
export function Stage({ driver, play, hand, mostS, controls }: Props) {
  const { space, scale } = useTheme();
  // Type so large that not all fits: the time comes before the picture, the rest is scrolled to.
  const tall = scale > TALL;
  const { width, height } = useWindowDimensions();
  const frame = frameOf(width, height);
  const step = currentStep(play);
  const figure = <Picture driver={driver} play={play} between={frame.ring} />;
  const next = <Next play={play} picture={frame.roomy} />;
  const dials = (
    <Controls
      {...controls} hand={hand} low={frame.low} paused={play.paused !== null} waiting={step.kind !== 'work'}
      canLengthen={canLengthen(play, mostS)}
    />
  );
  if (frame.beside) {
    return (
      <View style={{ flex: 1, flexDirection: hand === 'left' ? 'row-reverse' : 'row', gap: space(8), paddingHorizontal: space(8) }}>
        <View style={{ flex: 1 }}>{figure}</View>
        <View style={{ flex: 1, gap: space(2), paddingBottom: space(2) }}>
          <Filling>
            <Words play={play} brief={frame.low} large={frame.roomy} />
            <Time play={play} digits={frame.digits} />
            {frame.low && play.paused !== 'away' ? null : next}
          </Filling>
          {dials}
        </View>
      </View>
    );
  }
  return (
    <View style={{ flex: 1, paddingHorizontal: space(4), gap: space(3), paddingBottom: space(2), width: '100%', maxWidth: 720, alignSelf: 'center' }}>
      <Filling>
        <Words play={play} brief={tall} />
        {tall ? null : figure}
        <Time play={play} digits={tall ? frame.digits * 0.8 : frame.digits} />
        {tall ? figure : null}
        {tall ? <How play={play} /> : null}
        {next}
      </Filling>
      {dials}
    </View>
  );
}

/** Spread over the room there is; scrolls where large type needs more, then by keys too. */
function Filling({ children }: { children: ReactNode }) {
  const { space } = useTheme();
  const [room, setRoom] = useState(0);
  const [content, setContent] = useState(0);
  return (
    <ScrollView
      style={{ flex: 1 }} contentContainerStyle={{ flexGrow: 1, justifyContent: 'space-evenly', gap: space(2) }}
      onLayout={({ nativeEvent: { layout } }) => setRoom(layout.height)} onContentSizeChange={(_, height) => setContent(height)}
      tabIndex={content > room + 1 ? 0 : undefined}
    >
      {children}
    </ScrollView>
  );
}

/** How it is done. */
function How({ play, large }: { play: Play; large?: boolean }) {
  const labels = useLabels();
  return (
    <Text kind={large ? 'body' : 'small'} soft center>
      {labels.exercise(currentItem(play).slug).cue}
    </Text>
  );
}

function Words({ play, brief, large }: { play: Play; brief?: boolean; large?: boolean }) {
  const { t } = useTranslation('player');
  const labels = useLabels();
  const { space } = useTheme();
  const item = currentItem(play);
  const step = currentStep(play);
  const { name } = labels.exercise(item.slug);
  const [left, right] = [sideOf(step) === 'left', sideOf(step) === 'right'];
  return (
    <View style={{ gap: space(1.5), alignItems: 'center' }}>
      <Text kind={large ? 'display' : brief ? 'heading' : 'title'} role="heading" level={2} center>
        {name}
      </Text>
      <View style={{ flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'center', columnGap: space(3), rowGap: space(1) }}>
        <Text kind="small" soft center>
          {item.sets > 1 ? `${doseOf(t, item)} · ${t('set', { set: step.set + 1, of: item.sets })}` : doseOf(t, item)}
        </Text>
        {left || right ? (
          <View role="group" aria-label={t(left ? 'side.left' : 'side.right')} style={{ flexDirection: 'row', direction: 'ltr', gap: space(2) }}>
            <Side on={left} word={t('side.left')} />
            <Side on={right} word={t('side.right')} />
          </View>
        ) : null}
      </View>
      {brief ? null : <How play={play} large={large} />}
      {/* One sentence as a step begins; seconds are never read out by themselves. */}
      <View style={UNSEEN}>
        <Text live>{play.paused === null ? announcement(t, labels, item, step) : ''}</Text>
      </View>
    </View>
  );
}

const UNSEEN = { position: 'absolute', width: 1, height: 1, overflow: 'hidden', opacity: 0.01 } as const;

/** Left and right stay where a person has them, also in scripts that run the other way. */
function Side({ on, word }: { on: boolean; word: string }) {
  const { color, space, radius, name } = useTheme();
  return (
    <View
      style={{
        paddingHorizontal: space(3), paddingVertical: space(0.5), borderRadius: radius.pill, borderWidth: 1.5,
        borderColor: on ? color.accent : name === 'contrast' ? color.edge : color.line, backgroundColor: on ? color.accent : 'transparent',
      }}
    >
      <Text kind="label" color={on ? color.onAccent : color.inkSoft}>
        {word}
      </Text>
    </View>
  );
}

interface PictureProps {
  readonly driver: Driver;
  readonly play: Play;
  /** Least and most, px. */
  readonly between: readonly [number, number];
}

function Picture({ driver, play, between: [least, most] }: PictureProps) {
  const { t } = useTranslation('player');
  const labels = useLabels();
  const { color } = useTheme();
  const still = useReducedMotion();
  const item = currentItem(play);
  const step = currentStep(play);
  const length = step.s;
  const share = useCallback(() => driver.stepElapsedS() / length, [driver, length]);
  const work = step.kind === 'work';
  // As large as what the words leave free, whatever their size.
  const [room, setRoom] = useState(least);
  const size = Math.round(Math.min(Math.max(room, least), most));
  return (
    <View
      style={{ flexGrow: 1, flexShrink: 0, flexBasis: least, alignItems: 'center', justifyContent: 'center' }}
      onLayout={({ nativeEvent: { layout } }) => setRoom(Math.min(layout.width, layout.height))}
    >
      <Ring
        size={size} share={share} running={play.paused === null} track={color.line}
        color={work && play.paused === null ? phaseColor(color, item.phase) : color.edge}
      >
        <Figure
          slug={item.slug} size={Math.round(size * 0.82)} playing={!still && play.paused === null} still={still} highlight
          mirrored={sideOf(step) === 'left'} label={t('figure', { name: labels.exercise(item.slug).name })}
        />
      </Ring>
    </View>
  );
}

function Time({ play, digits }: { play: Play; digits: number }) {
  const { t } = useTranslation('player');
  const { color, type, space } = useTheme();
  const step = currentStep(play);
  const item = currentItem(play);
  const left = stepLeftS(play);
  const working = step.kind === 'work' && play.paused === null;
  const long = left > 99;
  const size = long ? Math.round(digits * 0.82) : digits;
  return (
    <View>
      <View style={{ flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', columnGap: space(3) }}>
        <View style={{ flexDirection: 'row', alignItems: 'center', gap: space(2) }}>
          <View style={{ width: 14, height: 14, borderRadius: 7, backgroundColor: working ? phaseColor(color, item.phase) : color.edge }} />
          <Text kind="heading">{t(`step.${play.paused === null ? step.kind : 'paused'}`)}</Text>
        </View>
        <Text kind="small" soft style={{ fontVariant: ['tabular-nums'] }}>
          {t('total', { time: clock(leftS(play)) })}
        </Text>
      </View>
      <View {...{ role: 'timer' as const }} aria-label={t('left', { s: left })} aria-live="off">
        <Text
          color={play.paused === null ? color.ink : color.inkSoft} center
          style={{ ...type.display, fontSize: size, lineHeight: Math.round(size * 0.96), letterSpacing: -size * 0.03, fontVariant: ['tabular-nums'] }}
        >
          {long ? clock(left) : String(left)}
        </Text>
      </View>
    </View>
  );
}

function Next({ play, picture }: { play: Play; picture?: boolean }) {
  const { t } = useTranslation('player');
  const labels = useLabels();
  const { space, color, radius } = useTheme();
  if (play.paused === 'away') {
    return (
      <Notice kind="info" title={t('away.title')} live>
        {t('away.text', { time: clock(leftS(play)) })}
      </Notice>
    );
  }
  const place = nextItem(play);
  const slug = place === null ? null : play.items[place]!.slug;
  return (
    <View style={{ flexDirection: 'row', alignItems: 'center', justifyContent: 'center', gap: space(2), alignSelf: 'center', paddingHorizontal: space(4), paddingVertical: space(1), borderRadius: radius.pill, backgroundColor: color.surface }}>
      {picture && slug !== null ? <Figure slug={slug} size={48} playing={false} still /> : null}
      <Text kind="small" soft style={{ flexShrink: 1 }}>
        {slug === null ? t('last') : t('next', { name: labels.exercise(slug).name })}
      </Text>
    </View>
  );
}
