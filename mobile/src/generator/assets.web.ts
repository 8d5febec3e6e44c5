/** The models that come inside the app: on the web fetched from where the page came from, or from its offline copy. */

import generator from '../../assets/models/generator.onnx';
import learner from '../../assets/models/learn.onnx';

/** On the web Metro makes an address of an asset. */
const ASSETS = { 'generator.onnx': String(generator), 'learn.onnx': String(learner) } as const;

export async function asset(name: keyof typeof ASSETS): Promise<Uint8Array> {
  const response = await fetch(ASSETS[name]);
  if (!response.ok) throw new Error(`the server answered ${response.status} to ${name}`);
  return new Uint8Array(await response.arrayBuffer());
}
