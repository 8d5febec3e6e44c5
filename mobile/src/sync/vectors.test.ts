/** The cases that every implementation of the protocol passes: sync/vectors. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { ClockInvalid, clockText, parseClock, tick, type Stamp } from './clock';
import { append, merge, type Patch, type Stored } from '../../test/merge';

interface TickCase { readonly name: string; readonly last: string | null; readonly wall_ms: number; readonly device: string; readonly gives: string }
interface MergeCase {
  readonly name: string; readonly patches: readonly { readonly hlc: string; readonly set?: Record<string, unknown> }[];
  readonly statuses: readonly string[]; readonly deleted: boolean; readonly data: object; readonly clocks: object;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(__dirname, '../../../sync/vectors', name), 'utf8'));
const clock = read('clock.json') as { tick: TickCase[]; ascending: string[]; invalid: string[] };
const merging = read('merge.json') as { merge: MergeCase[]; append: MergeCase[] };
const patches = (given: MergeCase): Patch[] => given.patches.map(({ hlc, set }) => ({ hlc, set: set ?? null }));

function play(story: readonly Patch[]): { statuses: string[]; stored: Stored | null } {
  let stored: Stored | null = null;
  const statuses = story.map((patch) => {
    const outcome = merge(stored, patch);
    expect(outcome.moved).toBe(JSON.stringify(outcome.stored) !== JSON.stringify(stored ?? { deleted: true, data: {}, clocks: {} }));
    stored = outcome.stored;
    return outcome.status;
  });
  return { statuses, stored };
}

function* orders<T>(items: readonly T[]): Generator<T[]> {
  if (items.length < 2) yield [...items];
  for (const [i, first] of items.entries()) {
    for (const rest of items.length < 2 ? [] : orders([...items.slice(0, i), ...items.slice(i + 1)])) yield [first, ...rest];
  }
}

test.each(clock.tick)('the next clock: $name', ({ last, wall_ms, device, gives }) => {
  expect(tick(last, wall_ms, device)).toBe(gives);
});

test('clocks sort as their text does', () => {
  expect([...clock.ascending].reverse().sort()).toEqual(clock.ascending);
});

test.each([...clock.invalid, null, 7])('what is no clock is refused: %s', (text) => {
  expect(() => parseClock(text)).toThrow(ClockInvalid);
});

test.each(merging.merge)('merging: $name, in any order', (given) => {
  const { statuses, stored } = play(patches(given));
  expect(statuses).toEqual(given.statuses);
  expect(stored).toEqual({ deleted: given.deleted, data: given.data, clocks: given.clocks });
  for (const order of orders(patches(given))) expect(play(order).stored).toEqual(stored);
});

test.each(merging.append)('written once: $name', (given) => {
  let stored: Stored | null = null;
  const statuses = patches(given).map((patch) => {
    const outcome = append(stored, patch);
    stored = outcome?.stored ?? stored;
    return outcome?.status ?? 'rejected';
  });
  expect(statuses).toEqual(given.statuses);
  expect(stored).toMatchObject({ deleted: false, data: given.data, clocks: given.clocks });
});

test('the next clock is always later and never before the wall', () => {
  const device = fc.stringMatching(/^[0-9a-f]{16}$/);
  const stamp: fc.Arbitrary<Stamp> = fc.record({ ms: fc.integer({ min: 0, max: 2 ** 48 - 2 }), counter: fc.integer({ min: 0, max: 2 ** 16 - 1 }), device });
  fc.assert(fc.property(fc.option(stamp), fc.integer({ min: 0, max: 2 ** 48 - 1 }), device, (last, wall, name) => {
    const before = last === null ? null : clockText(last);
    const after = tick(before, wall, name);
    expect(before === null || after > before).toBe(true);
    expect(parseClock(after).ms).toBeGreaterThanOrEqual(wall);
  }));
});
