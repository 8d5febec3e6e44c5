/** Bad input names its field, the same as in Python. */

import { join } from 'node:path';

import { patched, readBundle, readVectors, type Operation } from '../../test/vectors';
import { readCatalog } from './catalog';
import { parse, RequestError } from './request';

const root = join(__dirname, '..', '..', '..');
const held = readBundle(root);
const catalog = readCatalog(held.documents, held.release);
const vectors: { good: unknown; cases: { patch: Operation[]; field: string | null }[] } = JSON.parse(
  readVectors(root, 'generator-requests.json'),
);

function fieldOf(payload: unknown): string | null {
  try {
    parse(payload, catalog);
    return null;
  } catch (error) {
    if (error instanceof RequestError) return error.field;
    throw error;
  }
}

test('every payload of the shared vectors is read, or refused with the promised field', () => {
  const wrong = vectors.cases
    .map(({ patch, field }) => ({ patch, field, found: fieldOf(patched({ payload: vectors.good }, patch).payload) }))
    .filter(({ field, found }) => field !== found);
  expect(wrong).toEqual([]);
  expect(vectors.cases.length).toBeGreaterThan(300);
});

test('a refusal reads as a sentence', () => {
  const payload = { request: { kind: 'warmup', activity: 'run_distance', budget_s: 60 } };
  expect(() => parse(payload, catalog)).toThrow('request.budget_s: must be from 120 to 3600, not 60');
});

test('what is inherited is not a field', () => {
  const request = { kind: 'warmup', activity: 'constructor', budget_s: 600 };
  expect(fieldOf({ request })).toBe('request.activity');
  expect(fieldOf({ request: { ...request, activity: { muscles: { toString: 3 } } } })).toBe(
    'request.activity.muscles.toString',
  );
  expect(fieldOf({ request: { ...request, activity: 'row' }, history: { exercises: { valueOf: 3 } } })).toBeNull();
});
