export { useLimber, type Limber } from './context';
export { LimberProvider, type DeviceSettings } from './LimberProvider';
export type { LazyMaker } from './lazyMaker';
