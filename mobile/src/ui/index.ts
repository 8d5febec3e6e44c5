/** Our own components: everything that a screen is made of. */
export { Button, Chip, Chips, IconButton, type ButtonKind } from './Button';
export { Choice, type Option } from './Choice';
export { Dial, Slider, type SliderProps } from './Dial';
export { Field, Switch } from './Field';
export { Icon } from './Icon';
export { ICONS, type IconName } from './icons';
export { keys, type Key } from './keys';
export { Card, Chevron, Empty, Notice, Progress, Row, Section } from './Layout';
export { Screen } from './Screen';
export { Confirm, Sheet } from './Sheet';
export { Spinner } from './Spinner';
export { Spinning } from './Spinning';
export { Text } from './Text';
export { ThemeProvider, useReducedMotion, useTheme, useWide, type Look, type Theme } from './theme';
export { COLORS, RADIUS, space, TOUCH, WIDE, type Colors, type TextKind, type ThemeName } from './tokens';
