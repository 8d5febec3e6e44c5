/** On-device learning comes to the same integers as the reference, and reads or refuses the same texts. */

import { join } from 'node:path';

import { learnerDifferences, readBundle, readVectors, type Taught } from '../../test/vectors';
import { openEngine, openLearning, type Learning, type Opened } from '../../tools/engines';
import { readCatalog } from './catalog';
import type { Routine } from './decode';
import { fromText, initialState, LearnerError, openLearner, toText, update, type Learner } from './learner';
import { generate } from './runtime';

const root = join(__dirname, '..', '..', '..');
const held = readBundle(root);
const catalog = readCatalog(held.documents, held.release);
const taught: Taught = JSON.parse(readVectors(root, 'learner.json'));

let learning: Learning;
let generator: Opened;
let learner: Learner;
beforeAll(async () => {
  learning = await openLearning('wasm', held.learner, 1);
  generator = await openEngine('wasm', held.model, 1);
  learner = learning.learner;
}, 60_000);
afterAll(async () => {
  await learning.close();
  await generator.close();
});

test('every session of the shared vectors ends in the promised state, and damaged texts are refused', async () => {
  expect(await learnerDifferences(learner, catalog, taught)).toEqual([]);
}, 60_000);

test('a reset is nothing known, and its text reads back', () => {
  const nothing = initialState(learner);
  expect(fromText(learner, toText(learner, nothing))).toEqual(nothing);
  expect(nothing.some((value) => value !== 0)).toBe(false);
});

test('a wrong reward names its exercise, and an exercise that is gone is left out', async () => {
  const nothing = initialState(learner);
  await expect(update(learner, nothing, catalog, [['cat-cow', 3]])).rejects.toThrow('reward of cat-cow is 3');
  expect(await update(learner, nothing, catalog, [['gone-for-good', 2]])).toEqual(nothing);
});

test('what was learned tilts the scores of a routine, and a damaged state is left aside and said', async () => {
  const feedback = Array.from({ length: 20 }, (): [string, number] => ['cat-cow', 2]);
  const learned = toText(learner, await update(learner, initialState(learner), catalog, feedback));
  const request = { kind: 'mobility', activity: 'desk_work', budget_s: 600 };
  const routine = (text?: string): Promise<Routine> =>
    generate(generator.generator, catalog, { request, history: text ? { learned: text } : {} }, learner);
  const [plain, tilted, refused] = [await routine(), await routine(learned), await routine(learned.slice(0, -4))];
  expect(tilted.items).not.toEqual(plain.items);
  expect(tilted.items.some(({ parts }) => parts.personal !== 0)).toBe(true);
  expect({ ...refused, learned_refused: undefined }).toEqual(plain);
  expect(refused.learned_refused).toMatch(/it is damaged$/);
});

test('a file that is no learner is refused in words', () => {
  expect(() => openLearner(held.model, '', learner.run)).toThrow(LearnerError);
  expect(() => openLearner(new Uint8Array([0x80]), '', learner.run)).toThrow('not a Limber learner');
});
