/** The runtimes that can be had in plain Node, behind the one function that the generator asks for. */

import { createHash } from 'node:crypto';

import { openInterpreter } from '../src/generator/interpreter';
import { openLearner, type Learner } from '../src/generator/learner';
import { openGenerator, type Generator } from '../src/generator/runtime';
import { openOrt, type Engine as Runtime, type Ort, type Session } from '../src/generator/session';

export const ENGINES = ['node', 'node-latest', 'wasm', 'interpreter'] as const;
export type Engine = (typeof ENGINES)[number];

/** onnxruntime in Node, and what tells its version. */
interface NodeOrt extends Ort {
  readonly env: { readonly versions: Readonly<Record<string, string | undefined>>; wasm: { numThreads?: number } };
}

export interface Running extends Session {
  /** Such as `onnxruntime-web 1.24.3`. */
  readonly version: string;
}

export interface Opened extends Running {
  readonly generator: Generator;
}

export interface Learning extends Running {
  readonly learner: Learner;
}

function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function load(engine: Exclude<Engine, 'interpreter'>): NodeOrt {
  switch (engine) {
    case 'node':
      return require('onnxruntime-node');
    case 'node-latest':
      return require('onnxruntime-node-latest');
    case 'wasm':
      return require('onnxruntime-web/wasm');
  }
}

/** A generator that runs in this engine with this number of threads. */
export async function openEngine(engine: Engine, model: Uint8Array, threads: number): Promise<Opened> {
  const running = await openSession(engine, model, threads);
  return { ...running, generator: openGenerator(model, sha256Of(model), running.run) };
}

/** The on-device learner in this engine. */
export async function openLearning(engine: Engine, model: Uint8Array, threads: number): Promise<Learning> {
  const running = await openSession(engine, model, threads);
  return { ...running, learner: openLearner(model, sha256Of(model), running.run) };
}

/** A session of any int32 model; others may be open beside it, in this engine or another. */
async function openSession(engine: Engine, model: Uint8Array, threads: number): Promise<Running> {
  const { name, open } = runtimeOf(engine, threads);
  return { ...(await open(model)), version: name };
}

/** The engine as the app sees one. */
export function runtimeOf(engine: Engine, threads: number): Runtime {
  if (engine === 'interpreter') return openInterpreter();
  const ort = load(engine);
  const web = engine === 'wasm';
  if (web) ort.env.wasm.numThreads = threads;
  const { common, ...own } = ort.env.versions;
  return {
    name: `onnxruntime-${web ? 'web' : 'node'} ${own.web ?? own.node ?? common}`,
    async open(model) {
      const session = await openOrt(ort, model, {
        executionProviders: [web ? 'wasm' : 'cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // Threads that wait for work sleep instead of burning a core.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
      if (web && ort.env.wasm.numThreads !== threads) {
        throw new Error(`onnxruntime-web runs with ${ort.env.wasm.numThreads} threads instead of ${threads}`);
      }
      return session;
    },
  };
}
