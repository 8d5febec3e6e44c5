/** The small parts: hashes, rounding, canonical JSON, the protobuf reader. */

import { canonical } from './canonical';
import { fnv1a, mix, roundHalfEven } from './hash';
import { readMetadata } from './metadata';

test('FNV-1a gives the published values', () => {
  expect([fnv1a(''), fnv1a('a'), fnv1a('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

test('a seed changes a hash, the greatest one too, and the result has no sign', () => {
  expect(mix(0, 0)).toBe(0);
  expect(new Set([0, 1, 2 ** 31, 2 ** 32 - 1].map((seed) => mix(fnv1a('cat-cow'), seed))).size).toBe(4);
  expect(mix(fnv1a('cat-cow'), 2 ** 32 - 1)).toBeGreaterThanOrEqual(0);
});

test('halves are rounded to even, as Python does', () => {
  expect([0.5, 1.5, 2.5, 32.5, 33.5, -0.5, -1.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 32, 34, 0, -2, 2, 3]);
});

test('canonical JSON sorts keys by code unit at every depth and keeps lists in order', () => {
  expect(canonical({ b: [{ z: 1, a: 'é' }], a: { '10': 0.2, '9': 1.0 }, B: null })).toBe(
    '{"B":null,"a":{"10":0.2,"9":1},"b":[{"a":"é","z":1}]}',
  );
});

/** A protobuf field of length-delimited content. */
function field(number: number, content: number[]): number[] {
  return [number * 8 + 2, content.length, ...content];
}

const text = (word: string): number[] => [...Buffer.from(word)];

test('metadata is found between fields of every other wire type', () => {
  const entry = [...field(1, text('contract')), ...field(2, text('2'))];
  const model = [0x08, 0x88, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4, ...field(7, [1, 2, 3]), ...field(14, entry)];
  expect(readMetadata(Uint8Array.from(model))).toEqual(new Map([['contract', '2']]));
});

test.each([[[0x72, 5, 1]], [[0x80]], [[0x0b, 1]], [Array<number>(12).fill(0xff)]])('%j is no protobuf', (bytes) => {
  expect(() => readMetadata(Uint8Array.from(bytes))).toThrow(RangeError);
});
