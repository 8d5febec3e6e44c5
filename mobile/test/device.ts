/** A device for the generator's tests: files in memory, engines of Node, a server that is a table of answers. */

import { join } from 'node:path';

import { openInterpreter } from '../src/generator/interpreter';
import { sha256Of } from '../src/generator/download';
import type { Files, ModelWire } from '../src/generator/models';
import type { Device } from '../src/generator/open';
import type { Engine } from '../src/generator/session';
import { readBundle } from './vectors';

export const held = readBundle(join(__dirname, '..', '..'));

export interface MemoryFiles extends Files {
  readonly content: Map<string, Uint8Array>;
}

export function memoryFiles(): MemoryFiles {
  const content = new Map<string, Uint8Array>();
  return {
    content,
    read: async (name) => content.get(name)?.slice() ?? null,
    write: async (name, bytes) => void content.set(name, bytes.slice()),
    remove: async (name) => void content.delete(name),
    names: async () => [...content.keys()],
  };
}

/** A store that holds the bundled catalogue and nothing else. */
export const catalogStore = {
  catalog: async () => ({ release: held.release, documents: held.documents }),
  subscribe: () => () => undefined,
};

/** Runs everything in the interpreter, and fails where it is told to. */
export function failingEngine(fails: (sha256: string) => boolean): Engine {
  const interpreter = openInterpreter();
  return {
    name: 'onnxruntime-test',
    async open(model) {
      const [session, sha256] = [await interpreter.open(model), sha256Of(model)];
      return {
        ...session,
        run: (feeds) => (fails(sha256) ? Promise.reject(new Error('the engine broke')) : session.run(feeds)),
      };
    },
  };
}

export function testDevice(files: Files, changes: Partial<Device> = {}): Device {
  let ids = 0;
  let ticks = 0;
  return {
    asset: async (name) => (name === 'generator.onnx' ? held.model : held.learner),
    files: () => files,
    engine: async () => openInterpreter(),
    app: '1.0.0',
    uuid: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`,
    now: () => new Date('2026-11-23T12:00:00Z'),
    ticks: () => (ticks += 4),
    pause: () => new Promise(() => undefined),
    ...changes,
  };
}

/** The bundled model under another hash: ModelProto's `doc_string` says something else. */
export function variant(text: string): Uint8Array {
  const words = new TextEncoder().encode(text);
  return Uint8Array.from([...held.model, 0x32, words.length, ...words]);
}

export interface Offered {
  readonly body: { readonly manifest: unknown; readonly url: string; readonly golden_url: string };
  readonly sha256: string;
}

/** A server: paths and what they answer, and what was asked of it. */
export interface TestServer {
  readonly wire: ModelWire;
  readonly asked: { readonly path: string; readonly range: string | undefined }[];
  readonly answers: Map<string, () => Response>;
  /** The answer that offers this model. */
  offer(model: Uint8Array, golden: Uint8Array, changes?: object): Offered;
}

export function testServer(catalogRelease = held.release): TestServer {
  const asked: { path: string; range: string | undefined }[] = [];
  const answers = new Map<string, () => Response>();
  return {
    asked,
    answers,
    wire: {
      catalogRelease,
      verify: async (envelope) => {
        const { manifest, signature } = envelope as { manifest: Record<string, unknown>; signature: string };
        if (signature !== JSON.stringify(manifest)) throw new Error('the signature does not fit the manifest');
        return manifest;
      },
      get: async (path, headers) => {
        asked.push({ path, range: headers.Range });
        const answer = answers.get(path.split('?')[0]!);
        if (answer === undefined) throw new Error(`no answer to ${path}`);
        return answer();
      },
    },
    offer(model, golden, changes = {}) {
      const sha256 = sha256Of(model);
      const manifest = {
        kind: 'model', sequence: 5, sha256, bytes: model.length, contract: 2, channel: 'stable', catalog_min: 1, catalog_max: null,
        golden: { sha256: sha256Of(golden), bytes: golden.length }, expires_at: '2027-11-23T12:00:00+00:00', operators: ['Add', 'Loop'],
        withdrawn: [], ...changes,
      };
      const [url, goldenUrl] = [`/v1/objects/models/${sha256}.onnx`, `/v1/objects/models/${sha256}.golden.json`];
      answers.set(url, () => new Response(model.slice()));
      answers.set(goldenUrl, () => new Response(golden.slice()));
      return { sha256, body: { manifest: { manifest, key_id: 'k', signature: JSON.stringify(manifest) }, url, golden_url: goldenUrl } };
    },
  };
}
