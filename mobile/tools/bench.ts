/**
 * Times one engine for scripts/bench: node build/tools/bench.js ENGINE JOB.json
 *
 * The job names catalogues by what they have besides the bundle's, and the payloads to run on each. Prints one JSON object:
 * per catalogue the seconds of each graph run and of each whole routine, [wall, CPU], and the plans' digests.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Catalog } from '../src/generator/catalog';
import { encode } from '../src/generator/encode';
import { parse, RequestError } from '../src/generator/request';
import { generate, UnsafePlan, type Generator } from '../src/generator/runtime';
import { extended, readBundle, type Extras } from '../test/vectors';
import { ENGINES, openEngine, type Engine, type Opened } from './engines';

interface Job {
  readonly loads: number;
  readonly warm_up: number;
  readonly catalogs: readonly { readonly extras: Extras; readonly payloads: readonly unknown[] }[];
}

type Seconds = [wall: number, cpu: number];

async function timed<T>(times: Seconds[], work: () => T | Promise<T>): Promise<T> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await work();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  times.push([wall / 1e3, (user + system) / 1e6]);
  return result;
}

async function whole(generator: Generator, catalog: Catalog, payload: unknown): Promise<void> {
  try {
    await generate(generator, catalog, payload);
  } catch (error) {
    if (!(error instanceof RequestError || error instanceof UnsafePlan)) throw error;
  }
}

/** Each payload once as a graph run on ready tensors and once as a whole routine, in alternating order. */
async function measure(generator: Generator, catalog: Catalog, payloads: readonly unknown[], warmUp: number) {
  const graph: Seconds[] = [];
  const routine: Seconds[] = [];
  const plans: string[] = [];
  for (const payload of payloads.slice(0, warmUp)) await whole(generator, catalog, payload);
  for (const [number, payload] of payloads.entries()) {
    const { featureSpec, vocabulary, sha256 } = generator;
    const feeds = encode(catalog, parse(payload, catalog), featureSpec, vocabulary, sha256);
    const runWhole = () => timed(routine, () => whole(generator, catalog, payload));
    if (number % 2 === 1) await runWhole();
    const outputs = await timed(graph, () => generator.run(feeds));
    if (number % 2 === 0) await runWhole();
    const { data } = outputs.plan!;
    plans.push(createHash('sha256').update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).digest('hex'));
  }
  return { graph, whole: routine, plans };
}

async function main(engine: Engine, job: Job): Promise<void> {
  const held = readBundle(join(__dirname, '..', '..', '..'));
  const load: Seconds[] = [];
  let opened: Opened | undefined;
  for (let i = 0; i < job.loads; i += 1) {
    await opened?.close();
    opened = await timed(load, () => openEngine(engine, held.model, 1));
  }
  const catalogs = [];
  for (const { extras, payloads } of job.catalogs) {
    catalogs.push(await measure(opened!.generator, extended(held, extras), payloads, job.warm_up));
  }
  console.log(JSON.stringify({ version: opened!.version, load, catalogs }));
}

const [engine, file] = process.argv.slice(2);
if (!ENGINES.includes(engine as Engine) || file === undefined) {
  console.error(`usage: node bench.js ${ENGINES.join('|')} JOB.json`);
  process.exit(2);
}
main(engine as Engine, JSON.parse(readFileSync(file, 'utf8'))).then(() => process.exit(0));
