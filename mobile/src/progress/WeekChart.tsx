import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View, type LayoutChangeEvent } from 'react-native';

import type { Week } from '@/domain/weeks';
import { shortDay } from '@/i18n/dates';
import { Button, Text, useTheme } from '@/ui';
import { Line, Path, Svg } from '@/ui/svg';

import { Table } from './Table';
import { niceTop } from './scale';

const HEIGHT = 150;

/** Minutes of each week as bars, or as a table of the same numbers. */
export function WeekChart({ weeks }: { weeks: readonly Week[] }) {
  const { t, i18n } = useTranslation('progress');
  const { color, space, type } = useTheme();
  const [table, setTable] = useState(false);
  const [width, setWidth] = useState(320);
  const top = niceTop(Math.max(...weeks.map(({ minutes }) => minutes)));
  const minutes = (count: number): string => t('week.minutes', { count });
  const most = weeks.reduce((best, week) => (week.minutes > best.minutes ? week : best));
  const summary = t('chart.summary', {
    weeks: weeks.length, most: t('week.label', { day: shortDay(most.start, i18n.language), minutes: most.minutes }), now: minutes(weeks.at(-1)!.minutes),
  });
  const step = width / weeks.length;
  const bar = Math.min(36, step * 0.62);
  return (
    <View style={{ gap: space(3) }}>
      {table ? (
        <Table
          label={t('week.title')}
          head={[t('chart.from'), t('chart.minutes'), t('chart.days'), t('chart.sessions')]}
          rows={weeks.map((week) => [shortDay(week.start, i18n.language), String(week.minutes), String(week.days), String(week.sessions)])}
        />
      ) : (
        <View role="img" aria-label={summary} onLayout={(event: LayoutChangeEvent) => setWidth(event.nativeEvent.layout.width)}>
          <View aria-hidden>
            <Text kind="small" soft>{minutes(top)}</Text>
            <Svg width={width} height={HEIGHT}>
              {[0, 0.5, 1].map((part) => (
                <Line key={part} x1={0} x2={width} y1={1 + (HEIGHT - 2) * part} y2={1 + (HEIGHT - 2) * part} stroke={color.line} strokeWidth={1} />
              ))}
              {weeks.map((week, n) => {
                const height = Math.max(week.minutes > 0 ? 4 : 0, ((HEIGHT - 2) * week.minutes) / top);
                return (
                  <Path
                    key={week.start.getTime()}
                    d={barPath(n * step + (step - bar) / 2, HEIGHT - 1, bar, height)}
                    fill={n === weeks.length - 1 ? color.spark : color.accent}
                  />
                );
              })}
            </Svg>
            <View style={{ flexDirection: 'row' }}>
              {weeks.map((week, n) => (
                <View key={week.start.getTime()} style={{ width: step, alignItems: 'center' }}>
                  {(weeks.length - 1 - n) % (type.small.fontSize > 18 ? 4 : 2) === 0 ? <Text kind="small" soft center>{shortDay(week.start, i18n.language)}</Text> : null}
                </View>
              ))}
            </View>
          </View>
        </View>
      )}
      <Button kind="plain" label={t(table ? 'chart.chart' : 'chart.table')} onPress={() => setTable(!table)} />
    </View>
  );
}

/** A bar with a round head, standing on `bottom`. */
function barPath(x: number, bottom: number, width: number, height: number): string {
  const r = Math.min(width / 2, height, 8);
  return `M${x} ${bottom}v${-(height - r)}q0 ${-r} ${r} ${-r}h${width - 2 * r}q${r} 0 ${r} ${r}v${height - r}z`;
}
