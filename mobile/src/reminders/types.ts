/** `none`: this platform rings by itself never; `denied`: only the system's settings can change it. */
export type Permission = 'granted' | 'ask' | 'denied' | 'none';

/** A notice as the phone keeps it. */
export interface Planted {
  readonly id: string;
  readonly at: Date;
  readonly title: string;
  readonly body: string;
  /** Where pressing it leads. */
  readonly href: string;
}
