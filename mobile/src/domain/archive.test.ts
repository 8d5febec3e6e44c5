/** A person's records as a file: nothing is lost on the way out and in, and nothing here is overwritten. */

import * as fc from 'fast-check';

import { ArchiveInvalid, leftOut, makeArchive, planImport, readArchive, type Records } from './archive';
import type { Collection } from '@/store/types';

const NOW = new Date('2026-11-23T10:00:00Z');
const COLLECTIONS: Collection[] = ['profile', 'preferences', 'assessment', 'routine', 'session', 'feedback', 'exercise_pref'];

const fields = fc.dictionary(fc.stringMatching(/^[a-z_]{1,6}$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
const records: fc.Arbitrary<Records> = fc
  .array(fc.tuple(fc.constantFrom(...COLLECTIONS), fc.stringMatching(/^[a-d]$/), fields), { maxLength: 12 })
  .map((rows) => {
    const made: Partial<Record<Collection, { id: string; data: object }[]>> = {};
    for (const [collection, id, data] of rows) {
      const list = (made[collection] ??= []);
      if (!list.some((record) => record.id === id)) list.push({ id, data });
    }
    return made as Records;
  });

/** What a store holds after the changes. */
function applied(here: Records, changes: ReturnType<typeof planImport>['changes']): Map<string, Record<string, unknown>> {
  const held = new Map<string, Record<string, unknown>>();
  for (const [collection, list] of Object.entries(here)) {
    for (const { id, data } of list ?? []) held.set(`${collection}/${id}`, { ...data });
  }
  for (const change of changes) {
    if (!('set' in change)) throw new Error('an import deletes nothing');
    const key = `${change.collection}/${change.id}`;
    held.set(key, { ...held.get(key), ...change.set });
  }
  return held;
}

const thereAndBack = (all: Records) => readArchive(JSON.stringify(makeArchive(all, NOW)));

test('export, wipe and import gives the same records', () => {
  fc.assert(fc.property(records, (all) => {
    const plan = planImport(thereAndBack(all), {});
    const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(json([...applied({}, plan.changes)].sort())).toEqual(json([...applied(all, [])].sort()));
  }));
});

test('importing twice moves nothing', () => {
  fc.assert(fc.property(records, (all) => {
    expect(planImport(thereAndBack(all), all)).toMatchObject({ changes: [], added: 0, completed: 0 });
  }));
});

test('what is here stays as it is', () => {
  fc.assert(fc.property(records, records, (all, here) => {
    const after = applied(here, planImport(thereAndBack(all), here).changes);
    for (const [key, data] of applied(here, [])) expect(after.get(key)).toMatchObject(data);
  }));
});

test('a written-once record that is here is never written again', () => {
  const here: Records = { session: [{ id: 'a', data: { rpe: 3 } }] };
  const archive = makeArchive({ session: [{ id: 'a', data: { rpe: 3, later: 1 } }] }, NOW);
  expect(planImport(archive, here)).toMatchObject({ changes: [], same: 1 });
});

test('what only the server writes, and what nobody here knows, is left out and told', () => {
  const archive = makeArchive({ constraint: [{ id: 'a', data: {} }], future: [{ id: 'b', data: {} }] } as Records, NOW);
  expect(planImport(archive, {}).changes).toEqual([]);
  expect(leftOut(archive)).toEqual(['constraint', 'future']);
});

test.each([
  ['{', 'not-json', ''],
  ['[]', 'not-ours', ''],
  ['{"format":"other","records":{}}', 'not-ours', ''],
  ['{"format":"limber-device","version":2,"records":{}}', 'newer', ''],
  ['{"format":"limber-device","version":1,"records":{"session":{}}}', 'damaged', 'session'],
  ['{"format":"limber-device","version":1,"records":{"session":[{"id":1,"data":{}}]}}', 'damaged', 'session[0]'],
])('%s is refused as %s', (text, reason, where) => {
  let caught: unknown;
  try {
    readArchive(text);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(ArchiveInvalid);
  expect(caught).toMatchObject({ reason, where });
});
