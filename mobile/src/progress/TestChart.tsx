import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { band, type Point, type SelfTest, type Side } from '@/domain/selftests';
import { shortDay } from '@/i18n/dates';
import { Text, useTheme } from '@/ui';
import { Circle, Line, Path, Rect, Svg } from '@/ui/svg';

import { around } from './scale';
import { useUnits } from './units';

const HEIGHT = 190;
const EDGE = 10;

/** One line per side over time, with the band around the first value within which a change says nothing. */
export function TestChart({ test, points }: { test: SelfTest; points: readonly Point[] }) {
  const { t, i18n } = useTranslation('progress');
  const { color, space } = useTheme();
  const { say } = useUnits(test);
  const [width, setWidth] = useState(320);
  const sides = test.sides.map((side) => ({ side, mine: points.filter((point) => point.side === side) })).filter(({ mine }) => mine.length > 0);
  if (sides.length === 0) return null;
  const { low, high } = around(points.map(({ value }) => value), band(test, points).width, test.unit === 'cm' ? 2 : 5);
  const times = points.map(({ at }) => Date.parse(at));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const x = (at: string): number => (last === first ? width / 2 : EDGE + ((Date.parse(at) - first) / (last - first)) * (width - 2 * EDGE));
  const y = (value: number): number => HEIGHT - ((value - low) / (high - low)) * HEIGHT;
  const inks: Readonly<Record<Side, string>> = { left: color.phase.activate, right: color.spark, both: color.accent };
  const lines = sides.map(({ side, mine }) => t('test.line', {
    side: t(`side.${side}`), n: mine.length, first: say(mine[0]!.value), last: say(mine.at(-1)!.value),
    from: shortDay(new Date(mine[0]!.at), i18n.language), to: shortDay(new Date(mine.at(-1)!.at), i18n.language),
  }));
  return (
    <View role="img" aria-label={t('test.summary', { lines: lines.join(' ') })} onLayout={(event) => setWidth(event.nativeEvent.layout.width)}>
      <View aria-hidden style={{ gap: space(2) }}>
        <Text kind="small" soft>{say(high)}</Text>
        <Svg width={width} height={HEIGHT}>
          {sides.map(({ side, mine }) => {
            const half = band(test, mine).width;
            const [up, down] = [Math.max(0, y(mine[0]!.value + half)), Math.min(HEIGHT, y(mine[0]!.value - half))];
            return <Rect key={side} x={0} y={up} width={width} height={Math.max(0, down - up)} fill={inks[side]} opacity={0.16} />;
          })}
          <Line x1={0} x2={width} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} stroke={color.edge} strokeWidth={1} />
          {sides.map(({ side, mine }) => (
            <Path
              key={side}
              d={mine.map(({ at, value }, n) => `${n === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`).join('')}
              fill="none"
              stroke={inks[side]}
              strokeWidth={2.5}
              // Told apart without colour too.
              strokeDasharray={side === 'right' ? '7 5' : undefined}
            />
          ))}
          {sides.flatMap(({ side, mine }) => mine.map(({ at, value }) => (
            <Circle key={`${side}${at}`} cx={x(at)} cy={y(value)} r={5} fill={side === 'right' ? color.bg : inks[side]} stroke={inks[side]} strokeWidth={2.5} />
          )))}
        </Svg>
        <View style={{ flexDirection: 'row', justifyContent: 'space-between', flexWrap: 'wrap', gap: space(3) }}>
          <Text kind="small" soft>{say(low)}</Text>
          {sides.length > 1 ? sides.map(({ side }) => (
            <Text key={side} kind="label" color={inks[side]}>{`${side === 'right' ? '○ ┄' : '● ─'} ${t(`side.${side}`)}`}</Text>
          )) : null}
        </View>
      </View>
    </View>
  );
}
