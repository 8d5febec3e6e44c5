import { useEffect, useState } from 'react';
import { Animated, Easing } from 'react-native';

import { Circle, Svg } from './svg';
import { useTheme } from './theme';

/** Three quarters of a ring that turns; stands still with reduced motion. */
export function Spinning({ size = 28, color }: { size?: number; color?: string }) {
  const theme = useTheme();
  const [turn] = useState(() => new Animated.Value(0));
  useEffect(() => {
    if (theme.reducedMotion) return undefined;
    const spin = Animated.loop(
      Animated.timing(turn, { toValue: 1, duration: 1100, easing: Easing.linear, useNativeDriver: false, isInteraction: false }),
    );
    spin.start();
    return () => spin.stop();
  }, [turn, theme.reducedMotion]);
  const rotate = turn.interpolate({ inputRange: [0, 1], outputRange: ['0deg', '360deg'] });
  return (
    <Animated.View aria-hidden style={{ width: size, height: size, transform: [{ rotate }] }}>
      <Svg width={size} height={size} viewBox="0 0 24 24">
        <Circle cx={12} cy={12} r={9} fill="none" stroke={color ?? theme.color.accent} strokeWidth={2.5} strokeLinecap="round" strokeDasharray="40 17" />
      </Svg>
    </Animated.View>
  );
}
