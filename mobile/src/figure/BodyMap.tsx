import { useTranslation } from 'react-i18next';
import { View as Box, type GestureResponderEvent } from 'react-native';

import { useLabels } from '@/i18n/labels';
import { Chip, Chips, Text, useTheme } from '@/ui';
import { Path, Svg } from '@/ui/svg';

import { path, shapesOf, touched } from './bodyCurve';
import { HEIGHT, LINES, OUTLINE, WIDTH, type BodyShape, type Grouping, type View } from './bodyShapes';

/** 1 a little, 2 clearly, 3 strongly. */
export type Level = 1 | 2 | 3;

interface Props {
  /** By muscle or region code; what is not named is drawn pale. */
  readonly highlight: Readonly<Record<string, Level>>;
  /** Makes the map a way to choose. A list of the same codes stands below it, for keyboards and screen readers. */
  readonly onPress?: (code: string) => void;
  /** Without it front and back stand side by side. */
  readonly view?: View;
  readonly by: Grouping;
  /** Of the drawing, px. */
  readonly height?: number;
}

/** Radius of a finger, px: a touch that near to a shape means it. */
const FINGER = 22;
const OPACITY: Readonly<Record<Level, number>> = { 1: 0.36, 2: 0.66, 3: 1 };
const FRAME = `${-WIDTH / 2} 0 ${WIDTH} ${HEIGHT}`;
const BODY = path(OUTLINE);

/** The paths of a view, worked out once. */
const drawings = new Map<string, readonly { readonly code: string; readonly d: string }[]>();

function drawing(by: Grouping, view: View) {
  const key = `${by} ${view}`;
  let found = drawings.get(key);
  if (found === undefined) {
    const joined = ({ code, outlines }: BodyShape) => ({ code, d: outlines.map((outline) => path(outline)).join('') });
    drawings.set(key, (found = shapesOf(by, view).map(joined)));
  }
  return found;
}

const VIEWS: readonly View[] = ['front', 'back'];

/** Every code of the map, from head to foot and each once. */
export function codesOf(by: Grouping, views: readonly View[] = VIEWS): readonly string[] {
  return [...new Set(views.flatMap((view) => shapesOf(by, view).map(({ code }) => code)))];
}

/** A body from the front, the back or both, with the muscles or regions that matter tinted. */
export function BodyMap({ highlight, onPress, view, by, height = 340 }: Props) {
  const { space } = useTheme();
  const { t } = useTranslation('figure');
  const { label } = useLabels();
  const views = view === undefined ? VIEWS : [view];
  const lit = codesOf(by, views).filter((code) => highlight[code] !== undefined);
  const named = ([3, 2, 1] as const)
    .map((level) => ({ level, names: lit.filter((code) => highlight[code] === level).map((code) => label(by, code)) }))
    .filter(({ names }) => names.length > 0)
    .map(({ level, names }) => t(`body.level${level}`, { names: names.join(', ') }));
  const words = [t(view === undefined ? 'body.both' : `body.${view}`), ...named].join('. ');
  const hidden = { 'aria-hidden': true, accessibilityElementsHidden: true, importantForAccessibility: 'no-hide-descendants' } as const;
  const role = onPress ? hidden : ({ role: 'img', 'aria-label': words } as const);
  return (
    <Box style={{ gap: space(3) }}>
      <Box {...role} style={{ flexDirection: 'row', flexWrap: 'wrap', justifyContent: 'center', gap: space(2) }}>
        {views.map((side) => (
          <Side key={side} view={side} by={by} height={height} highlight={highlight} onPress={onPress} caption={views.length > 1} />
        ))}
      </Box>
      {onPress && <Codes by={by} codes={codesOf(by, views)} highlight={highlight} onPress={onPress} />}
    </Box>
  );
}

interface SideProps extends Props {
  readonly view: View;
  readonly height: number;
  readonly caption: boolean;
}

function Side({ view, by, height, highlight, onPress, caption }: SideProps) {
  const { color, name } = useTheme();
  const { t } = useTranslation('figure');
  const unit = HEIGHT / height;
  const release = ({ nativeEvent: { locationX, locationY } }: GestureResponderEvent) => {
    const place = { x: locationX * unit - WIDTH / 2, y: locationY * unit };
    const code = touched(by, view, place, FINGER * unit);
    if (code !== undefined) onPress?.(code);
  };
  // One responder for the whole drawing: single shapes are narrower than a finger.
  const touch = onPress && { onStartShouldSetResponder: () => true, onResponderRelease: release };
  const pale = { fill: color.ink, fillOpacity: by === 'muscles' ? 0.09 : 0.05 };
  return (
    <Box style={{ alignItems: 'center' }}>
      <Box {...touch} testID={`body-${view}`} style={{ width: WIDTH / unit, height, cursor: onPress ? 'pointer' : 'auto' }}>
        <Box style={{ pointerEvents: 'none' }}>
          <Svg width={WIDTH / unit} height={height} viewBox={FRAME}>
            <Path d={BODY} fill={color.ink} fillOpacity={0.06} />
            {drawing(by, view).map(({ code, d }) => {
              const level = highlight[code];
              const tint = level === undefined ? pale : { fill: color.spark, fillOpacity: OPACITY[level] };
              // High contrast: strength is told by the outline too, not by shade alone.
              const edge = level !== undefined && name === 'contrast' ? color.ink : color.surface;
              return <Path key={code} d={d} {...tint} stroke={edge} strokeWidth={level === 3 ? 1.4 : 0.9} />;
            })}
            {LINES[view].map((line) => (
              <Path key={path(line)} d={path(line, false)} fill="none" stroke={color.inkSoft} strokeOpacity={0.5} strokeWidth={0.9} />
            ))}
            <Path d={BODY} fill="none" stroke={color.inkSoft} strokeWidth={1.3} strokeLinejoin="round" />
          </Svg>
        </Box>
      </Box>
      {caption && <Text kind="label" soft>{t(`body.caption.${view}`)}</Text>}
    </Box>
  );
}

interface CodesProps {
  readonly by: Grouping;
  readonly codes: readonly string[];
  readonly highlight: Props['highlight'];
  readonly onPress: (code: string) => void;
}

function Codes({ by, codes, highlight, onPress }: CodesProps) {
  const { label } = useLabels();
  const { t } = useTranslation('figure');
  return (
    <Box role="group" aria-label={t(`body.list.${by}`)}>
      <Chips>
        {codes.map((code) => (
          <Chip key={code} label={label(by, code)} selected={highlight[code] !== undefined} onPress={() => onPress(code)} />
        ))}
      </Chips>
    </Box>
  );
}
