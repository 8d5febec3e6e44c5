import { useEffect, useMemo, useRef, useState } from 'react';
import { View } from 'react-native';
import Svg, { G, Path } from 'react-native-svg';

import type { Op } from './draw';
import { picture } from './film';
import { useFilm, type FigureProps } from './useFilm';

/** More frames a second than a phone's bridge to its drawing needs for so slow a movement. */
const FRAME_S = 1 / 40;
const NONE: Op = { d: '', fill: 'none' };
/** A turning head shows eyes and ears that the first picture had not. */
const SPARE: readonly Op[] = new Array<Op>(12).fill(NONE);

/** A person doing the exercise. Every frame sets properties of the same few paths; React draws only the first. */
export function Figure(props: FigureProps) {
  const shown = useFilm(props);
  const paths = useRef<(Path | null)[]>([]);
  const { film, palette, strength, runs, rest } = shown ?? {};
  const played = useRef(0);
  const [paused, setPaused] = useState({ film, at: 0 });
  const from = paused.film === film ? paused.at : 0;

  useEffect(() => {
    played.current = 0;
  }, [film]);

  const first = useMemo(
    () => (film && palette && strength ? [...picture(film, runs || from > 0 ? from : rest ?? 0, palette, strength), ...SPARE] : []),
    [film, palette, strength, runs, rest, from],
  );

  useEffect(() => {
    if (!film || !palette || !strength || !runs) return undefined;
    let handle = 0;
    let last: number | null = null;
    let drawn = 0;
    const tick = (now: number): void => {
      played.current += Math.min(0.1, last === null ? 0 : (now - last) / 1000);
      last = now;
      if (played.current - drawn >= FRAME_S) {
        drawn = played.current;
        const ops = picture(film, drawn, palette, strength);
        paths.current.forEach((path, i) => path?.setNativeProps(painted(ops[i] ?? NONE)));
      }
      handle = requestAnimationFrame(tick);
    };
    handle = requestAnimationFrame(tick);
    return () => {
      cancelAnimationFrame(handle);
      setPaused({ film, at: played.current });
    };
  }, [film, palette, strength, runs]);

  const [left, top, side] = film?.window ?? [0, 0, 1];
  const spoken = props.label
    ? ({ accessible: true, accessibilityRole: 'image', accessibilityLabel: props.label } as const)
    : ({ accessible: false, accessibilityElementsHidden: true, importantForAccessibility: 'no-hide-descendants' } as const);
  return (
    <View style={{ width: props.size, height: props.size }} {...spoken}>
      <Svg width={props.size} height={props.size} viewBox={`${left} ${top} ${side} ${side}`}>
        <G transform={props.mirrored ? `translate(${2 * left + side} 0) scale(-1 1)` : undefined}>
          {first.map((op, i) => (
            <Path key={i} ref={(path) => { paths.current[i] = path; }} {...painted(op)} strokeLinecap="round" strokeLinejoin="round" />
          ))}
        </G>
      </Svg>
    </View>
  );
}

/** A fresh object each time: react-native-svg writes into what it is given. */
function painted(op: Op) {
  return { d: op.d || 'M0 0', fill: op.fill, stroke: op.stroke ?? 'none', strokeWidth: op.width ?? 0, opacity: op.opacity ?? 1 };
}
