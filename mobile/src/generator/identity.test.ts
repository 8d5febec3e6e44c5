/** The app's web runtime makes of the shared vectors what the reference made of them. */

import { join } from 'node:path';

import { catalogs, differences, readBundle, readPlans } from '../../test/vectors';
import { openEngine, openLearning, type Learning, type Opened } from '../../tools/engines';
import {
  BLOCKED_BY, CONTRACT, HISTORY, PARTS, PLAN, REQUEST, REQUEST_VECTORS,
} from './contract';
import { ModelError, openGenerator } from './runtime';

const root = join(__dirname, '..', '..', '..');
const held = readBundle(root);
const { header, cases } = readPlans(root, held);

test('vectors of another bundle say how to make them again', () => {
  const other = { ...held, digest: '0'.repeat(64) };
  expect(() => readPlans(root, other)).toThrow('run `python -m model_export vectors`');
});

test('this runtime knows the contract as Python does', () => {
  expect(header.contract).toEqual({
    version: CONTRACT, request: REQUEST, request_vectors: REQUEST_VECTORS, history: HISTORY, plan: PLAN, parts: PARTS,
    blocked_by: BLOCKED_BY,
  });
});

/** Jest makes the interpreter several times as slow; tests/mobile runs it on every case. */
const EVERY = { wasm: 1, node: 1, interpreter: 20 } as const;

describe.each([['wasm', 1], ['node', 1], ['interpreter', 1]] as const)('%s with %d thread', (engine, threads) => {
  let opened: Opened;
  let learning: Learning;
  beforeAll(async () => {
    opened = await openEngine(engine, held.model, threads);
    learning = await openLearning(engine, held.learner, threads);
  }, 60_000);
  afterAll(async () => {
    await opened.close();
    await learning.close();
  });

  test('runs the very models that the vectors were made for', () => {
    expect([opened.generator.sha256, learning.learner.sha256]).toEqual([header.model, header.learner]);
  });

  test('gives every plan, routine and refusal to the byte', async () => {
    const named = catalogs(held, header);
    const different: string[] = [];
    for (const [number, wanted] of cases.entries()) {
      if (number % EVERY[engine] !== 0) continue;
      const wrong = await differences(opened.generator, learning.learner, named[wanted.catalog]!, wanted);
      if (wrong.length > 0) different.push(`case ${number}: ${wrong.join(', ')}`);
    }
    expect(different).toEqual([]);
    expect(cases).toHaveLength(1000);
  }, 300_000);
});

test('a model of another contract, or no model at all, is refused in words', () => {
  const run = () => Promise.reject(new Error('never run'));
  const empty = new Uint8Array();
  expect(() => openGenerator(empty, '', run)).toThrow(new ModelError('not a Limber generator: metadata contract is missing'));
  expect(() => openGenerator(held.model.slice(0, 5000), '', run)).toThrow(ModelError);
  const text = Buffer.from(held.model).toString('latin1').replace(`\x12\x01${CONTRACT}`, '\x12\x019');
  expect(() => openGenerator(new Uint8Array(Buffer.from(text, 'latin1')), '', run)).toThrow(
    `the model speaks contract 9, this runtime speaks ${CONTRACT}`,
  );
});
