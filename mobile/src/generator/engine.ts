/** The phone's engine: onnxruntime's native build. */

import { openOrt, type Engine, type Ort } from './session';

/** Throws where the native part is missing or does not start: its import runs native code. */
export async function openEngine(): Promise<Engine> {
  const ort = await import('onnxruntime-react-native');
  const version = ort.env.versions['react-native' as keyof typeof ort.env.versions] ?? ort.env.versions.common;
  return {
    name: `onnxruntime-react-native ${version}`,
    open: (model) => openOrt(ort as unknown as Ort, model, { executionProviders: ['cpu'] }),
  };
}
