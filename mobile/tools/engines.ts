/** The runtimes that can be had in plain Node, behind the one function that the generator asks for. */

import { createHash } from 'node:crypto';

import { openLearner, type Learner } from '../src/generator/learner';
import { openGenerator, type Generator } from '../src/generator/runtime';
import type { Tensors } from '../src/generator/contract';

export const ENGINES = ['node', 'node-latest', 'wasm'] as const;
export type Engine = (typeof ENGINES)[number];

/** The part of onnxruntime-common's interface that all three share. */
interface Ort {
  readonly env: { readonly versions: Readonly<Record<string, string | undefined>>; wasm: { numThreads?: number } };
  readonly Tensor: new (type: 'int32', data: Int32Array, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}
interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}
interface Session {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

export interface Running {
  readonly run: (feeds: Tensors) => Promise<Tensors>;
  /** Such as `onnxruntime-web 1.24.3`. */
  readonly version: string;
  close(): Promise<void>;
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

function load(engine: Engine): Ort {
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
  const ort = load(engine);
  if (engine === 'wasm') ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [engine === 'wasm' ? 'wasm' : 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Threads that wait for work sleep instead of burning a core.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  if (engine === 'wasm' && ort.env.wasm.numThreads !== threads) {
    throw new Error(`onnxruntime-web runs with ${ort.env.wasm.numThreads} threads instead of ${threads}`);
  }
  const run = async (tensors: Tensors): Promise<Tensors> => {
    const feeds: Record<string, OrtTensor> = {};
    for (const name of session.inputNames) {
      const tensor = tensors[name];
      if (tensor === undefined) throw new Error(`the model asks for an input ${name} that nobody makes`);
      feeds[name] = new ort.Tensor('int32', tensor.data, tensor.dims);
    }
    const found = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(found).map(([name, { data, dims }]) => [name, { data: data as Int32Array, dims }]),
    );
  };
  const { common, ...own } = ort.env.versions;
  const version = `onnxruntime-${engine === 'wasm' ? 'web' : 'node'} ${own.web ?? own.node ?? common}`;
  return { run, version, close: () => session.release() };
}
