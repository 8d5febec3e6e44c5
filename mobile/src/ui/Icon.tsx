import { ICONS, type IconName } from './icons';
import { Path, Svg } from './svg';
import { useTheme } from './theme';

/** A picture beside words: hidden from screen readers, so whatever it stands in carries the name. */
export function Icon({ name, size = 24, color }: { name: IconName; size?: number; color?: string }) {
  const theme = useTheme();
  const paint = color ?? theme.color.ink;
  const side = Math.round(size * Math.min(theme.scale, 1.5));
  return (
    <Svg width={side} height={side} viewBox="0 0 24 24" aria-hidden>
      {ICONS[name].map((path) =>
        path.startsWith('!') ? (
          <Path key={path} d={path.slice(1)} fill={paint} />
        ) : (
          <Path key={path} d={path} fill="none" stroke={paint} strokeWidth={1.8} strokeLinecap="round" strokeLinejoin="round" />
        ),
      )}
    </Svg>
  );
}
