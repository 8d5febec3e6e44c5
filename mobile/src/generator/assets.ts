/** The models that come inside the app: on a phone from its package. */

import { Asset } from 'expo-asset';
import { File } from 'expo-file-system';

import generator from '../../assets/models/generator.onnx';
import learner from '../../assets/models/learn.onnx';

const ASSETS = { 'generator.onnx': generator, 'learn.onnx': learner } as const;

export async function asset(name: keyof typeof ASSETS): Promise<Uint8Array> {
  const found = await Asset.fromModule(ASSETS[name]).downloadAsync();
  if (found.localUri === null) throw new Error(`${name} is not in the app's package`);
  return new File(found.localUri).bytes();
}
