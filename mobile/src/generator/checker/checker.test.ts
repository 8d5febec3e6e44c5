/** The safety checker finds what Python's finds, in routines tampered with in the same way. */

import { join } from 'node:path';

import { patched, readBundle, readVectors, type Tampered } from '../../../test/vectors';
import { readCatalog } from '../catalog';
import { check, RULES } from '.';

const root = join(__dirname, '..', '..', '..', '..');
const held = readBundle(root);
const catalog = readCatalog(held.documents, held.release);
const { checks, routines, cases }: Tampered = JSON.parse(readVectors(root, 'generator-checker.json'));

test('every tampered routine breaks exactly the promised rules', () => {
  const wrong = cases
    .map((entry) => {
      const { payload, routine } = patched(routines[entry.routine]!, entry.patch);
      const found = [...new Set(check(catalog, payload, routine).map(({ rule }) => rule))].sort();
      return { ...entry, found };
    })
    .filter(({ rules, found }) => rules.join() !== found.join());
  expect(wrong).toEqual([]);
});

test('there is a check for every rule that Python checks, and an untouched routine is safe', () => {
  expect(RULES).toEqual(checks);
  expect(cases.filter(({ patch }) => patch.length === 0).every(({ rules }) => rules.length === 0)).toBe(true);
});
