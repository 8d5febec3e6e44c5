import { useEffect, useState, type ReactNode } from 'react';
import { View } from 'react-native';

import { useReducedMotion } from '@/ui';
import { Circle, Svg } from '@/ui/svg';

import { AROUND, RADIUS } from './ringShape';

export interface RingProps {
  readonly size: number;
  /** 0 to 1 of the step, at this very moment. */
  readonly share: () => number;
  readonly color: string;
  readonly track: string;
  /** Whether the clock runs. */
  readonly running: boolean;
  readonly children?: ReactNode;
}

const FRAME_MS = 66;

/** What is left of a step, as a ring that empties. */
export function Ring({ size, share, color, track, running, children }: RingProps) {
  const still = useReducedMotion();
  const [done, setDone] = useState(share);
  useEffect(() => {
    const draw = (): void => setDone(share());
    // At once, also where the clock stands: somebody may have gone back while it was paused.
    const first = setTimeout(draw, 0);
    const timer = running ? setInterval(draw, still ? 1000 : FRAME_MS) : undefined;
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [share, running, still]);
  return (
    <View style={{ width: size, height: size, alignItems: 'center', justifyContent: 'center' }}>
      <View style={{ position: 'absolute', top: 0, start: 0, pointerEvents: 'none' }}>
        <Svg width={size} height={size} viewBox="0 0 200 200">
          <Circle cx={100} cy={100} r={RADIUS} fill="none" stroke={track} strokeWidth={5} />
          <Circle
            cx={100} cy={100} r={RADIUS} fill="none" stroke={color} strokeWidth={8} strokeLinecap="round"
            strokeDasharray={`${AROUND}`} strokeDashoffset={AROUND * Math.min(Math.max(done, 0), 1)} transform="rotate(-90 100 100)"
          />
        </Svg>
      </View>
      {children}
    </View>
  );
}
