/**
 * Holds one engine against the shared vectors: node build/tools/identity.js ENGINE THREADS [EVERY]
 *
 * Of the plans each EVERYth is made, 1 without it.
 * Prints a JSON object {engine, version, threads, cases, differing: how many, different: the first of them}; exit code 0
 * whatever it found, 1 when the vectors are not for this bundle.
 */

import { join } from 'node:path';

import {
  catalogs, differences, learnerDifferences, readBundle, readPlans, readVectors, type Taught,
} from '../test/vectors';
import { ENGINES, openEngine, openLearning, type Engine } from './engines';

const SHOWN = 20;

async function main(engine: Engine, threads: number, every: number): Promise<void> {
  const root = join(__dirname, '..', '..', '..');
  const held = readBundle(root);
  const { header, cases } = readPlans(root, held);
  const named = catalogs(held, header);
  const opened = await openEngine(engine, held.model, threads);
  const learning = await openLearning(engine, held.learner, threads);
  const different: string[] = [];
  let made = 0;
  for (const [number, wanted] of cases.entries()) {
    if (number % every !== 0) continue;
    made += 1;
    const wrong = await differences(opened.generator, learning.learner, named[wanted.catalog]!, wanted);
    if (wrong.length > 0) different.push(`case ${number}: ${wrong.join(', ')} differ`);
  }
  const taught: Taught = JSON.parse(readVectors(root, 'learner.json'));
  different.push(...(await learnerDifferences(learning.learner, named.bundle!, taught)));
  await opened.close();
  await learning.close();
  console.log(JSON.stringify({ engine, version: opened.version, threads, cases: made, differing: different.length, different: different.slice(0, SHOWN) }));
}

const [engine, threads, every = '1'] = process.argv.slice(2);
const number = /^[1-9]\d?$/;
if (!ENGINES.includes(engine as Engine) || !number.test(threads ?? '') || !number.test(every)) {
  console.error(`usage: node identity.js ${ENGINES.join('|')} THREADS [EVERY]`);
  process.exit(2);
}
// Worker threads of onnxruntime-web stay alive: nothing is left to be done when the answer is out.
main(engine as Engine, Number(threads), Number(every)).then(
  () => process.exit(0),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
