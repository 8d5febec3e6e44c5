import { readFileSync } from 'node:fs';
import path from 'node:path';

import { readCatalog, type StoredDocument } from '@/generator/catalog';

import {
  band, change, points, reading, sidesDiffer, suggestedDeficits, testOf, TESTS, valueOf, type Assessment, type SelfTest, type Side,
} from './selftests';

const wall = testOf('knee_to_wall')!;
let minute = 0;
const record = (test: SelfTest, side: Side, value: number | null, trials: number[] = []): Assessment => ({
  test: test.code, side, value, trials, unit: test.unit, pain: 0, regions: [], at: new Date(Date.UTC(2026, 0, 1, 10, minute++)).toISOString(),
});
const one = (...values: [Side, number][]) => points(wall, values.map(([side, value]) => record(wall, side, value)));

test('every test names things that the catalogue has', () => {
  const file = path.join(__dirname, '../../assets/models/catalog.json');
  const { documents, release } = JSON.parse(readFileSync(file, 'utf8')) as { documents: StoredDocument[]; release: number };
  const catalog = readCatalog(documents, release);
  for (const test of TESTS) {
    expect(catalog.places.has(test.figure)).toBe(true);
    expect(test.not_with.filter((code) => !catalog.conditions.has(code))).toEqual([]);
    if (test.deficit !== null) expect(catalog.vocabulary.get('moves')!.has(test.deficit)).toBe(true);
  }
});

test('a change within the noise of the tape is called no change', () => {
  expect(change(wall, one(['left', 8], ['left', 9.5]))).toEqual({ verdict: 'noise', by: 1.5, band: 2 });
  expect(change(wall, one(['left', 8], ['left', 10]))).toMatchObject({ verdict: 'more', by: 2 });
  expect(change(wall, one(['left', 10.3], ['left', 8.3]))).toMatchObject({ verdict: 'less', by: -2 });
  expect(change(wall, one(['left', 8]))).toMatchObject({ verdict: 'first' });
});

test('two centimetres between the sides are a deficit, as the reference has it', () => {
  const all = [record(wall, 'left', 10.1), record(wall, 'right', 8.1)];
  expect(sidesDiffer(wall, points(wall, all))).toEqual({ by: 2, lesser: 'right' });
  expect(suggestedDeficits(all)).toEqual(['ankle.dorsiflexion']);
  expect(suggestedDeficits([record(wall, 'left', 10), record(wall, 'right', 8.1)])).toEqual([]);
  expect(sidesDiffer(wall, one(['left', 10]))).toBeNull();
});

test('only the newest of each side is compared', () => {
  expect(sidesDiffer(wall, one(['left', 4], ['right', 9], ['left', 8.5]))).toBeNull();
});

test('somebody whose own tries scatter has a wider band, after a few of them', () => {
  const scatter = [[6, 10, 8], [5, 9, 12], [7, 11, 8]];
  const mine = (lists: number[][]) => points(wall, lists.map((list) => record(wall, 'left', valueOf(wall, list), list)));
  expect(band(wall, mine(scatter.slice(0, 1)))).toEqual({ width: 2, own: false });
  const { width, own } = band(wall, mine(scatter));
  expect(own).toBe(true);
  // SD 2.72 of seven squares' means: 1.96 x sqrt(2) x sqrt(41.3 / 6 / 3)
  expect(width).toBeCloseTo(4.1, 0);
  expect(band(wall, mine([[8, 8.1, 8], [8, 8, 8.1], [8, 8.1, 8]]))).toEqual({ width: 2, own: false });
});

test('one that hurt or could not be done is no point, and a foreign test neither', () => {
  expect(points(wall, [record(wall, 'left', null), record(testOf('sit_to_stand')!, 'both', 14), {}])).toEqual([]);
});

test('a value is the mean of the tries, of counts the best', () => {
  expect(valueOf(wall, [8, 8.5, 8.6])).toBe(8.4);
  expect(valueOf(testOf('sit_to_stand')!, [13, 14])).toBe(14);
  expect(valueOf(wall, [])).toBeNull();
});

test.each([['8,5', 8.5], [' 8.5 ', 8.5], ['31', null], ['-1', null], ['8 cm', null], ['', null], ['1e1', null]])('reads %j as %s', (typed, value) => {
  expect(reading(wall, typed)).toBe(value);
});

test('counts are whole', () => expect(reading(testOf('sit_to_stand')!, '12.5')).toBeNull());
