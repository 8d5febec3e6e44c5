import type { HealthStore } from './types';

/** Where there is no health store: the web, and tests. */
export const healthStore: HealthStore | null = null as HealthStore | null;
