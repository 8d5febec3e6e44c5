/** The bundled release and the shared vectors of `sync/vectors/`, and what a runtime makes of a case. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { canonical } from '../src/generator/canonical';
import { readCatalog, type Catalog, type StoredDocument } from '../src/generator/catalog';
import type { Tensors } from '../src/generator/contract';
import { decode, type Routine } from '../src/generator/decode';
import { fromText, initialState, personalOf, toText, update, type Learner } from '../src/generator/learner';
import { RequestError, parse } from '../src/generator/request';
import { generate, UnsafePlan, type Generator } from '../src/generator/runtime';

const DIGITS = 16;

export interface Case {
  readonly catalog: string;
  readonly payload: unknown;
  readonly outputs: Readonly<Record<string, string>>;
  readonly routine: string;
  /** The field that an impossible request is refused with, or `unsafe`. */
  readonly refused: string | null;
}

/** What a catalogue has besides the bundle's: exercises made from others, and codes. */
export interface Extras {
  readonly exercises: readonly { readonly of: string; readonly slug: string; readonly changes: object }[];
  readonly vocabulary: Readonly<Record<string, object>>;
}

export interface Header {
  readonly model: string;
  readonly learner: string;
  readonly catalog: { readonly digest: string };
  readonly contract: Readonly<Record<string, unknown>>;
  readonly twins: Extras;
}

export interface Tampered {
  /** Names under which Python's checks report. */
  readonly checks: readonly string[];
  readonly routines: readonly { readonly payload: unknown; readonly routine: Routine }[];
  readonly cases: readonly { readonly routine: number; readonly patch: readonly Operation[]; readonly rules: string[] }[];
}

export interface Taught {
  readonly refusals: readonly { readonly text: string; readonly reason: string | null }[];
  readonly cases: readonly {
    readonly feedback: readonly (readonly [slug: string, reward: number])[];
    readonly state: string;
    readonly text: string;
    readonly personal: string;
  }[];
}

export interface Operation {
  readonly op: 'add' | 'copy' | 'remove' | 'replace';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

export interface Held {
  readonly model: Uint8Array;
  readonly learner: Uint8Array;
  readonly documents: readonly StoredDocument[];
  readonly release: number;
  readonly digest: string;
}

/** What ships inside the app. `root` is the repository's. */
export function readBundle(root: string): Held {
  const folder = join(root, 'mobile', 'assets', 'models');
  const catalog = JSON.parse(readFileSync(join(folder, 'catalog.json'), 'utf8'));
  const manifest = JSON.parse(readFileSync(join(folder, 'bundle.json'), 'utf8'));
  return {
    model: new Uint8Array(readFileSync(join(folder, 'generator.onnx'))),
    learner: new Uint8Array(readFileSync(join(folder, 'learn.onnx'))),
    documents: catalog.documents,
    release: catalog.release,
    digest: manifest.catalog.digest,
  };
}

export function readVectors(root: string, name: string): string {
  const body = readFileSync(join(root, 'sync', 'vectors', name));
  return (name.endsWith('.gz') ? gunzipSync(body) : body).toString('utf8');
}

/** Throws, saying how to make them again, when the vectors were made for another bundle. */
export function readPlans(root: string, held: Held): { header: Header; cases: Case[] } {
  const [first, ...lines] = readVectors(root, 'generator-plans.jsonl.gz').trimEnd().split('\n');
  const header: Header = JSON.parse(first!);
  const wanted = [header.model, header.learner, header.catalog.digest];
  const found = [sha256(held.model), sha256(held.learner), held.digest];
  if (wanted.some((value, i) => value !== found[i])) {
    throw new Error('sync/vectors was made for another bundle: run `python -m model_export vectors`');
  }
  return { header, cases: lines.map((line) => JSON.parse(line)) };
}

/** The catalogues that cases name. */
export function catalogs(held: Held, header: Header): Record<string, Catalog> {
  return { bundle: readCatalog(held.documents, held.release), twins: extended(held, header.twins) };
}

/** The bundle's catalogue and more. The documents are given in reverse: their order must not matter. */
export function extended(held: Held, extras: Extras): Catalog {
  const exercises = new Map(
    held.documents.filter(({ collection }) => collection === 'exercise').map(({ id, data }) => [id, data as object]),
  );
  const added = extras.exercises.map(({ of, slug, changes }) => (
    { collection: 'exercise', id: slug, data: { ...exercises.get(of), ...changes, slug } }
  ));
  const documents = held.documents.map((document) => {
    const codes = document.collection === 'vocabulary' ? extras.vocabulary[document.id] : undefined;
    if (codes === undefined) return document;
    const { entries } = document.data as { entries: object };
    return { ...document, data: { entries: { ...entries, ...codes } } };
  });
  return readCatalog([...added, ...documents].reverse(), held.release);
}

function sha256(body: string | Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

function digest(body: string | Uint8Array): string {
  return sha256(body).slice(0, DIGITS);
}

/** SHA-256 of the elements as int32, little-endian on any machine. */
function digestOf(data: Int32Array): string {
  const bytes = new DataView(new ArrayBuffer(data.length * 4));
  data.forEach((value, i) => bytes.setInt32(i * 4, value, true));
  return digest(new Uint8Array(bytes.buffer));
}

/** Names of what differs from the case's promise. */
export async function differences(
  generator: Generator, learner: Learner, catalog: Catalog, wanted: Case,
): Promise<string[]> {
  let outputs: Tensors = {};
  const observed = { ...generator, run: async (feeds: Tensors) => (outputs = await generator.run(feeds)) };
  const refused = await refusal(observed, learner, catalog, wanted.payload);
  const request = parse(wanted.payload, catalog);
  const routine = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256);
  const { leftAside } = await personalOf(learner, catalog, request.learned);
  const whole = leftAside ? { ...routine, learned_refused: leftAside } : routine;
  const wrong = Object.entries(wanted.outputs)
    .filter(([name, promised]) => outputs[name] === undefined || digestOf(outputs[name].data) !== promised)
    .map(([name]) => name);
  if (digest(canonical(whole)) !== wanted.routine) wrong.push('routine');
  if (refused !== wanted.refused) wrong.push('refused');
  return wrong;
}

async function refusal(
  generator: Generator, learner: Learner, catalog: Catalog, payload: unknown,
): Promise<string | null> {
  try {
    await generate(generator, catalog, payload, learner);
    return null;
  } catch (error) {
    if (error instanceof RequestError) return error.field;
    if (error instanceof UnsafePlan) return 'unsafe';
    throw error;
  }
}

/** What differs in one person's feedback, session after session; a line each. */
export async function learnerDifferences(learner: Learner, catalog: Catalog, taught: Taught): Promise<string[]> {
  const wrong: string[] = [];
  let state = initialState(learner);
  for (const [number, wanted] of taught.cases.entries()) {
    state = await update(learner, state, catalog, wanted.feedback);
    const text = toText(learner, state);
    const { personal, leftAside } = await personalOf(learner, catalog, text);
    const found = { state: digestOf(state), text: digest(text), personal: digestOf(personal) };
    for (const [name, value] of Object.entries(found)) {
      if (value !== wanted[name as keyof typeof found]) wrong.push(`learner, session ${number}: ${name} differs`);
    }
    if (leftAside || digestOf(fromText(learner, text)) !== found.state) {
      wrong.push(`learner, session ${number}: the state is not read back from its text`);
    }
  }
  for (const { text, reason } of taught.refusals) {
    const { leftAside } = await personalOf(learner, catalog, text);
    if (leftAside !== reason) wrong.push(`learner, text ${text.slice(0, 20)}: ${leftAside}`);
  }
  return wrong;
}

/** A JSON document with a patch of RFC 6902 applied: add, remove, replace, copy; pointers without escapes. */
export function patched<T>(document: T, patch: readonly Operation[]): T {
  const result = structuredClone(document);
  const place = (pointer: string): [into: any, key: string | number] => {
    const steps = pointer.split('/').slice(1);
    const last = steps.pop()!;
    const into = steps.reduce((value: any, step) => value[step], result);
    return [into, !Array.isArray(into) ? last : last === '-' ? into.length : Number(last)];
  };
  for (const { op, path, from, value } of patch) {
    const [into, key] = place(path);
    const [source, at] = op === 'copy' ? place(from!) : [{ value }, 'value'];
    const content = structuredClone(source[at]);
    if (op === 'remove' && Array.isArray(into)) into.splice(key as number, 1);
    else if (op === 'remove') delete into[key];
    else if (Array.isArray(into) && op !== 'replace') into.splice(key as number, 0, content);
    else into[key] = content;
  }
  return result;
}
