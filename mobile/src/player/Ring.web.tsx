import { useEffect, useRef } from 'react';
import { View } from 'react-native';

import { useReducedMotion } from '@/ui';

import { AROUND, RADIUS } from './ringShape';
import type { RingProps } from './Ring';

/** What is left of a step, as a ring that empties: drawn sixty times a second without React. */
export function Ring({ size, share, color, track, running, children }: RingProps) {
  const still = useReducedMotion();
  const arc = useRef<SVGCircleElement>(null);
  useEffect(() => {
    const draw = (): void => {
      arc.current?.setAttribute('stroke-dashoffset', String(AROUND * Math.min(Math.max(share(), 0), 1)));
    };
    draw();
    if (!running) return;
    if (still) {
      const timer = setInterval(draw, 1000);
      return () => clearInterval(timer);
    }
    let frame = requestAnimationFrame(function next() {
      draw();
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  }, [share, running, still]);
  return (
    <View style={{ width: size, height: size, alignItems: 'center', justifyContent: 'center' }}>
      <svg width={size} height={size} viewBox="0 0 200 200" aria-hidden focusable={false} style={{ position: 'absolute', inset: 0, pointerEvents: 'none' }}>
        <circle cx={100} cy={100} r={RADIUS} fill="none" stroke={track} strokeWidth={5} />
        <circle
          ref={arc} cx={100} cy={100} r={RADIUS} fill="none" stroke={color} strokeWidth={8} strokeLinecap="round"
          strokeDasharray={AROUND} transform="rotate(-90 100 100)"
        />
      </svg>
      {children}
    </View>
  );
}
