import { useRef } from 'react';
import { I18nManager, View, type AccessibilityActionEvent, type GestureResponderEvent } from 'react-native';

import { IconButton } from './Button';
import { clampToStep, keys, slide } from './keys';
import { Circle, Path, Svg } from './svg';
import { Text } from './Text';
import { useTheme } from './theme';

export interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly onChange: (value: number) => void;
  /** Said and shown after the number, such as `min`. */
  readonly unit?: string;
  /** What is said instead of number and unit. */
  readonly text?: string;
  /** Names of the buttons beside a dial. */
  readonly less?: string;
  readonly more?: string;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What slider and dial have in common: keys, screen readers' gestures, and dragging over a measured place. */
function useSliding(props: SliderProps, valueAt: (x: number, y: number, place: Place) => number) {
  const { label, value, min, max, step, onChange, unit = '', text } = props;
  const view = useRef<View>(null);
  const place = useRef<Place | null>(null);
  const put = ({ nativeEvent: { pageX, pageY } }: GestureResponderEvent): void => {
    if (place.current === null) return;
    const next = valueAt(pageX, pageY, place.current);
    if (next !== value) onChange(next);
  };
  const grab = (event: GestureResponderEvent): void => {
    event.persist?.();
    view.current?.measureInWindow((x, y, width, height) => {
      place.current = { x, y, width, height };
      put(event);
    });
  };
  const set = (next: number): void => {
    const whole = Math.min(max, Math.max(min, next));
    if (whole !== value) onChange(whole);
  };
  return {
    set,
    handlers: {
      ref: view,
      role: 'slider' as const,
      accessible: true, // else phones read what is inside, and the gesture does nothing
      focusable: true,
      tabIndex: 0 as const,
      'aria-label': label,
      'aria-valuemin': min,
      'aria-valuemax': max,
      'aria-valuenow': value,
      'aria-valuetext': text ?? `${value} ${unit}`.trim(),
      accessibilityActions: [{ name: 'increment' }, { name: 'decrement' }],
      onAccessibilityAction: (event: AccessibilityActionEvent) =>
        set(value + (event.nativeEvent.actionName === 'increment' ? step : -step)),
      ...keys((event) => {
        const next = slide(event.key, value, min, max, step, I18nManager.isRTL);
        if (next === null) return;
        event.preventDefault();
        set(next);
      }),
      onStartShouldSetResponder: () => true,
      onMoveShouldSetResponder: () => true,
      onResponderTerminationRequest: () => false,
      onResponderGrant: grab,
      onResponderMove: put,
    },
  };
}

/** A line with a thumb. */
export function Slider(props: SliderProps) {
  const { label, value, min, max, step, unit = '', text } = props;
  const theme = useTheme();
  const { color } = theme;
  const { handlers } = useSliding(props, (x, _y, place) => {
    const part = (x - place.x) / Math.max(1, place.width);
    return clampToStep(min + (I18nManager.isRTL ? 1 - part : part) * (max - min), min, max, step);
  });
  const share: `${number}%` = `${((value - min) / (max - min)) * 100}%`;
  return (
    <View style={{ gap: theme.space(1) }}>
      <View style={{ flexDirection: 'row', justifyContent: 'space-between', flexWrap: 'wrap', columnGap: theme.space(3) }}>
        <Text kind="label">{label}</Text>
        <Text kind="label" soft>
          {text ?? `${value} ${unit}`.trim()}
        </Text>
      </View>
      <View {...handlers} style={{ height: 44, justifyContent: 'center', borderRadius: theme.radius.small }}>
        <View style={{ height: 6, borderRadius: 3, backgroundColor: color.line, pointerEvents: 'none' }}>
          <View style={{ width: share, height: 6, borderRadius: 3, backgroundColor: color.accent }} />
        </View>
        <View
          style={{
            position: 'absolute', start: share, marginStart: -13, width: 26, height: 26, borderRadius: 13, pointerEvents: 'none',
            backgroundColor: color.accent, borderWidth: 3, borderColor: color.bg,
          }}
        />
      </View>
    </View>
  );
}

const OPEN = 270; // degrees of the ring in use; the gap is below
const R = 84;
const MIDDLE = 100;

/** Point of the ring, `degrees` clockwise from its lower left end. */
function onRing(degrees: number): { x: number; y: number } {
  const angle = ((degrees + 135) * Math.PI) / 180;
  return { x: MIDDLE + R * Math.cos(angle), y: MIDDLE + R * Math.sin(angle) };
}

function arc(from: number, to: number): string {
  const [a, b] = [onRing(from), onRing(to)];
  return `M${a.x} ${a.y}A${R} ${R} 0 ${to - from > 180 ? 1 : 0} 1 ${b.x} ${b.y}`;
}

/** Value under a finger at an offset from the middle of the ring. */
export function dialValue(dx: number, dy: number, min: number, max: number, step: number): number {
  const degrees = ((Math.atan2(dy, dx) * 180) / Math.PI - 135 + 720) % 360;
  // In the gap: the nearer end.
  const share = degrees <= OPEN ? degrees / OPEN : degrees < OPEN + (360 - OPEN) / 2 ? 1 : 0;
  return clampToStep(min + share * (max - min), min, max, step);
}

/** A ring to turn, with buttons beside it that do the same. */
export function Dial(props: SliderProps & { readonly size?: number }) {
  const { value, min, max, step, unit, size = 208, less = '−', more = '+' } = props;
  const theme = useTheme();
  const { color } = theme;
  const { set, handlers } = useSliding(props, (x, y, place) =>
    dialValue(x - place.x - place.width / 2, y - place.y - place.height / 2, min, max, step),
  );
  const turned = ((value - min) / (max - min)) * OPEN;
  const thumb = onRing(turned);
  return (
    <View style={{ flexDirection: 'row', alignItems: 'center', justifyContent: 'center', gap: theme.space(2) }}>
      <IconButton icon="minus" label={less} onPress={() => set(value - step)} disabled={value <= min} filled />
      <View {...handlers} style={{ width: size, height: size, alignItems: 'center', justifyContent: 'center', borderRadius: size / 2 }}>
        <View style={{ position: 'absolute', top: 0, start: 0, pointerEvents: 'none' }}>
          <Svg width={size} height={size} viewBox="0 0 200 200">
            <Path d={arc(0, OPEN)} fill="none" stroke={color.line} strokeWidth={12} strokeLinecap="round" />
            {turned > 0 ? <Path d={arc(0, turned)} fill="none" stroke={color.accent} strokeWidth={12} strokeLinecap="round" /> : null}
            <Circle cx={thumb.x} cy={thumb.y} r={13} fill={color.spark} stroke={color.bg} strokeWidth={4} />
          </Svg>
        </View>
        <View aria-hidden style={{ alignItems: 'center', pointerEvents: 'none' }}>
          <Text kind="display" style={{ fontSize: 60 * Math.min(theme.scale, 1.3), lineHeight: 64 * Math.min(theme.scale, 1.3) }}>
            {value}
          </Text>
          <Text kind="small" soft>
            {unit ?? ''}
          </Text>
        </View>
      </View>
      <IconButton icon="plus" label={more} onPress={() => set(value + step)} disabled={value >= max} filled />
    </View>
  );
}
