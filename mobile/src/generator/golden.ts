/** Golden cases: a few requests with the plans that a model must give. They carry the documents they were made with. */

import { readCatalog, type StoredDocument } from './catalog';
import { sha256Of } from './download';
import { parse } from './request';
import { ModelError, openGenerator, runGraph } from './runtime';
import type { Engine } from './session';

interface Golden {
  readonly documents: readonly StoredDocument[];
  readonly cases: readonly {
    readonly payload: unknown;
    readonly plan: readonly (readonly number[])[];
    readonly warnings: readonly number[];
  }[];
}

/** Run the cases in this engine and compare to the integer. Throws ModelError for the first that differs. */
export async function proveGolden(engine: Engine, model: Uint8Array, golden: Uint8Array): Promise<void> {
  let content: Golden;
  try {
    content = JSON.parse(new TextDecoder().decode(golden)) as Golden;
  } catch {
    throw new ModelError('the golden cases are malformed');
  }
  if (!Array.isArray(content.cases) || content.cases.length === 0) throw new ModelError('there are no golden cases');
  const catalog = readCatalog(content.documents, 0);
  const session = await engine.open(model);
  try {
    const generator = openGenerator(model, sha256Of(model), session.run);
    for (const [number, { payload, plan, warnings }] of content.cases.entries()) {
      const outputs = await runGraph(generator, catalog, parse(payload, catalog));
      const wanted: Readonly<Record<string, readonly number[]>> = { plan: plan.flat(), warnings };
      for (const [name, promised] of Object.entries(wanted)) {
        const found = outputs[name]!.data;
        if (found.length !== promised.length || promised.some((value, i) => value !== found[i])) {
          throw new ModelError(`golden case ${number}: ${name} differs`);
        }
      }
    }
  } finally {
    await session.close();
  }
}
