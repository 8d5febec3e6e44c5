/** The browser's engine: onnxruntime's WebAssembly build, served from our own origin. */

import { openOrt, type Engine, type Ort } from './session';

const FOLDER = '/ort/';

interface WebOrt extends Ort {
  readonly env: { readonly versions: { readonly web?: string }; readonly wasm: { numThreads?: number; wasmPaths?: object } };
}

/** Throws where the runtime cannot be loaded: no WebAssembly, or neither a network nor a copy of it. */
export async function openEngine(): Promise<Engine> {
  // Metro cannot bundle the import that onnxruntime makes itself, so the browser loads it as a module of its own.
  const url = `${FOLDER}ort.wasm.bundle.min.mjs`;
  const ort: WebOrt = await import(/* @metro-ignore */ url);
  // Threads need pages that are isolated from other origins, and one is enough for a graph of this size.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { wasm: `${FOLDER}ort-wasm-simd-threaded.wasm` };
  return {
    name: `onnxruntime-web ${ort.env.versions.web ?? ''}`.trim(),
    open: (model) => openOrt(ort, model, { executionProviders: ['wasm'] }),
  };
}
