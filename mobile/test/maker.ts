/** A maker for tests of the app: the bundled model in the interpreter, without downloads, health or storage. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { readCatalog, type Catalog, type StoredDocument } from '../src/generator/catalog';
import { insteadOf } from '../src/generator/instead';
import { openInterpreter } from '../src/generator/interpreter';
import type { Made, Maker } from '../src/generator/maker';
import { parse } from '../src/generator/request';
import { generate, openGenerator, runGraph } from '../src/generator/runtime';

const FOLDER = join(__dirname, '../assets/models');

export const bundled = JSON.parse(readFileSync(join(FOLDER, 'catalog.json'), 'utf8')) as {
  readonly documents: readonly StoredDocument[];
  readonly release: number;
};

export const catalog: Catalog = readCatalog(bundled.documents, bundled.release);

/** Makes real routines; learns nothing. */
export async function testMaker(): Promise<Maker> {
  const model = new Uint8Array(readFileSync(join(FOLDER, 'generator.onnx')));
  const session = await openInterpreter().open(model);
  const sha256 = createHash('sha256').update(model).digest('hex');
  const generator = openGenerator(model, sha256, (feeds) => session.run(feeds));
  return {
    catalog, model: sha256, runtime: 'interpreter',
    async make(payload): Promise<Made> {
      const routine = await generate(generator, catalog, payload);
      const outputs = await runGraph(generator, catalog, parse(payload, catalog));
      const instead = insteadOf(catalog, generator.vocabulary, routine, outputs);
      return { routine, payload, model: sha256, catalog: catalog.release, instead };
    },
    learn: async (learned) => learned ?? '',
    countOutcomes: async () => undefined,
    tastes: async () => [],
  };
}
