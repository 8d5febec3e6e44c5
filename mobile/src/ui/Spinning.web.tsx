import { View, type ViewStyle } from 'react-native';

import { Circle, Svg } from './svg';
import { useTheme } from './theme';

/** The browser turns it: `Animated` would bring every list of React Native into the first load. */
const TURNING = {
  animationKeyframes: [{ from: { transform: 'rotate(0deg)' }, to: { transform: 'rotate(360deg)' } }],
  animationDuration: '1100ms',
  animationIterationCount: 'infinite',
  animationTimingFunction: 'linear',
} as unknown as ViewStyle; // react-native-web's own styles, which the types of React Native do not know

/** Three quarters of a ring that turns; stands still with reduced motion. */
export function Spinning({ size = 28, color }: { size?: number; color?: string }) {
  const theme = useTheme();
  return (
    <View aria-hidden style={[{ width: size, height: size }, theme.reducedMotion ? null : TURNING]}>
      <Svg width={size} height={size} viewBox="0 0 24 24">
        <Circle cx={12} cy={12} r={9} fill="none" stroke={color ?? theme.color.accent} strokeWidth={2.5} strokeLinecap="round" strokeDasharray="40 17" />
      </Svg>
    </View>
  );
}
