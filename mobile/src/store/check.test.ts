/**
 * A mistake shows before it is kept, in the server's own words.
 *
 * LIMBER_RULE_CASES   file of more cases, with what the server makes of each (tests/app/test_store_rules.py)
 */

import { readFileSync } from 'node:fs';

import { ChangeError, checkDelete, checkField, checkFields, checkId } from './check';
import type { Collection } from './types';

interface Case { readonly collection: Collection; readonly name: string; readonly value: unknown; readonly field: string | null; readonly reason: string | null }

const slot = { slug: 'a', place: 0, propensity: 1, explored: false, outcome: 'completed', rating: null, pain: 0 };
const CASES: readonly Case[] = [
  ['profile', 'level', 'trained', null, null],
  ['profile', 'level', null, null, null],
  ['profile', 'level', 'elite', 'level', 'must be one of beginner, recreational, trained'],
  ['profile', 'conditions', ['osteoporosis', 'Not a code'], 'conditions[1]', 'must be a code: lower-case letters, digits, _ . - (at most 64)'],
  ['profile', 'conditions', null, 'conditions', 'must be a list of 0 to 64'],
  ['profile', 'name', '😀'.repeat(80), null, null],
  ['profile', 'name', '😀'.repeat(81), 'name', 'must be text of at most 80 characters'],
  ['profile', 'blood_pressure', { systolic: 120, diastolic: 120 }, 'blood_pressure.diastolic', 'must be below systolic'],
  ['profile', 'blood_pressure', { systolic: 120 }, 'blood_pressure.diastolic', 'is missing'],
  ['profile', 'pain', { knee: { level: 11, at: '2026-01-09T18:27:59Z' } }, 'pain.knee.level', 'must be a whole number from 0 to 10'],
  ['profile', 'constructor', 1, null, null],
  ['profile', 'later_field', { kept: [1.5, 'as it is'] }, null, null],
  ['profile', 'later-field', 1, 'later-field', 'is not the name of a field: a letter or _, then letters, digits and _'],
  ['preferences', 'met', 1, null, null],
  ['preferences', 'met', 0.9, 'met', 'must be a number from 1 to 25'],
  ['session', 'slots', [{ ...slot, propensity: 0.5 }], 'slots[0].explored', 'must be true exactly where the item was drawn: propensity below 1'],
  ['session', 'slots', [{ ...slot, place: 1 }], 'slots[0].place', 'must be 0: slots in order'],
  ['session', 'slots', [{ ...slot, propensity: 0 }], 'slots[0].propensity', 'must be above 0 and at most 1'],
  ['feedback', 'at', '2026-02-29T18:27:59Z', 'at', 'must be an instant such as 2026-01-09T18:27:59.871Z'],
  ['feedback', 'at', '2024-02-29T18:27:59.5+05:30', null, null],
  ['exercise_pref', 'until', '2026-13-01', 'until', 'must be a day such as 2026-01-09'],
].map(([collection, name, value, field, reason]) => ({ collection, name, value, field, reason }) as Case);

const more = process.env.LIMBER_RULE_CASES;
const cases = more === undefined ? CASES : (JSON.parse(readFileSync(more, 'utf8')) as Case[]);

function problem(work: () => void): [string, string] | [null, null] {
  try {
    work();
    return [null, null];
  } catch (error) {
    if (error instanceof ChangeError) return [error.field, error.reason];
    throw error;
  }
}

test(`${cases.length} values are judged as the server judges them`, () => {
  const wrong = cases
    .map((each) => ({ ...each, found: problem(() => checkField(each.collection, each.name, each.value)) }))
    .filter(({ field, reason, found }) => found[0] !== field || found[1] !== reason);
  expect(wrong.slice(0, 5)).toEqual([]);
});

test.each([
  ['NUL', { title: 'a\u0000b' }, 'title'], ['a lone surrogate', { title: '\ud800' }, 'title'], ['the mark of a sealed value', { x: ['\u001a'] }, 'x[0]'],
  ['no number', { x: { y: NaN } }, 'x.y'], ['a number too large', { x: 2 ** 53 }, 'x'], ['a function', { x: () => 1 }, 'x'],
])('what JSON or the server cannot keep is refused: %s', (_, fields, field) => {
  expect(problem(() => checkFields('routine', fields, null))[0]).toBe(field);
});

test('nesting has an end', () => {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);
  expect(problem(() => checkField('routine', 'x', deep(31)))[0]).toBeNull();
  expect(problem(() => checkField('routine', 'x', deep(32)))[1]).toBe('is nested deeper than 32');
});

test('an id has the form that its collection wants, and nobody here writes a constraint', () => {
  expect(problem(() => checkId('profile', 'you'))[0]).toBe('id');
  expect(problem(() => checkId('routine', 'not-a-uuid'))[0]).toBe('id');
  expect(problem(() => checkId('exercise_pref', 'glute-bridge'))[0]).toBeNull();
  expect(problem(() => checkId('constraint', '00000000-0000-7000-8000-000000000001'))[0]).toBe('collection');
  expect(problem(() => checkDelete('session'))[0]).toBe('delete');
});

test('a record has an end too', () => {
  expect(problem(() => checkFields('profile', { x: 'x'.repeat(20_000) }, { y: 'y'.repeat(20_000) }))[1]).toContain('32768 bytes');
  expect(problem(() => checkFields('profile', {}, null))[0]).toBe('set');
});
