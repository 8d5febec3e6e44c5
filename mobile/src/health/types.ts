/** What the app asks of the phone's health store: one permission, to write; nothing is ever read from it. */

import type { Workout } from '@/domain/healthLog';

export interface HealthStore {
  /** Its name as people know it. */
  readonly name: 'Health Connect' | 'Apple Health';
  available(): Promise<boolean>;
  /** Asks for the one permission. False when it was not given. Never throws. */
  ask(): Promise<boolean>;
  /** Throws when the store refuses. `title` is in the person's language. The session's id keeps it from being there twice. */
  write(workout: Workout, title: string): Promise<void>;
}
