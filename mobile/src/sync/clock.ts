/**
 * Hybrid logical clocks as text that sorts as time does (sync/README.md, Kulkarni et al. 2014):
 * `<milliseconds, 12 hex>-<counter, 4 hex>-<device, 16 hex>`, milliseconds since 1970, UTC.
 */

const TEXT = /^([0-9a-f]{12})-([0-9a-f]{4})-([0-9a-f]{16})$/;
const DEVICE = /^[0-9a-f]{16}$/;
const MOST_MS = 2 ** 48 - 1;
const MOST_COUNT = 2 ** 16 - 1;

/** The text is no hybrid logical clock, or there is none greater. */
export class ClockInvalid extends Error {}

export interface Stamp {
  readonly ms: number;
  readonly counter: number;
  readonly device: string;
}

/** The parts of a clock. Throws ClockInvalid. */
export function parseClock(text: unknown): Stamp {
  const found = typeof text === 'string' ? TEXT.exec(text) : null;
  if (found === null) throw new ClockInvalid('must be a clock such as 019acb12f3a4-0000-1f2e3d4c5b6a7988');
  return { ms: parseInt(found[1]!, 16), counter: parseInt(found[2]!, 16), device: found[3]! };
}

/** The clock as text. Throws ClockInvalid for parts out of range. */
export function clockText({ ms, counter, device }: Stamp): string {
  const fits = Number.isInteger(ms) && ms >= 0 && ms <= MOST_MS && counter >= 0 && counter <= MOST_COUNT;
  if (!fits || !DEVICE.test(device)) throw new ClockInvalid(`${ms}, ${counter}, ${device} is out of range`);
  return `${hex(ms, 12)}-${hex(counter, 4)}-${device}`;
}

/**
 * The next clock of `device`: greater than `last`, the greatest it has used or seen, and not before `wallMs`. A wall clock
 * that stands still or goes back counts on; a full counter moves to the next millisecond. Throws ClockInvalid.
 */
export function tick(last: string | null, wallMs: number, device: string): string {
  const before = last === null ? { ms: -1, counter: 0 } : parseClock(last);
  if (wallMs > before.ms) return clockText({ ms: wallMs, counter: 0, device });
  if (before.counter < MOST_COUNT) return clockText({ ms: before.ms, counter: before.counter + 1, device });
  return clockText({ ms: before.ms + 1, counter: 0, device });
}

/** The latest of some clocks, null for none. */
export function greatest(...clocks: readonly (string | null)[]): string | null {
  return clocks.reduce((best, clock) => (clock !== null && (best === null || clock > best) ? clock : best), null);
}

export function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
