/** What runs a model: an engine, and its sessions. Engines are onnxruntime's builds, and the interpreter. */

import type { Tensors } from './contract';
import type { Run } from './runtime';

export interface Session {
  readonly run: Run;
  close(): Promise<void>;
}

export interface Engine {
  /** Such as `onnxruntime-web 1.24.3`. */
  readonly name: string;
  /** Throws when the file is not one that this engine can run. */
  open(model: Uint8Array): Promise<Session>;
}

/** The part of onnxruntime-common's interface that its builds for the web, phones and Node share. */
export interface Ort {
  readonly Tensor: new (type: 'int32', data: Int32Array, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
}
interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}
interface OrtSession {
  readonly inputNames: readonly string[];
  run(feeds: Record<string, OrtTensor>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** A session of a model whose inputs are int32 and whose outputs are read as int32. */
export async function openOrt(ort: Ort, model: Uint8Array, options: object): Promise<Session> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3, ...options });
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
  return { run, close: () => session.release() };
}
