/**
 * On-device learning: keep a state, feed it with what a person did, read `personal` from it (model_export/personal).
 *
 * Integers in, integers out: the same feedback gives the same state on every runtime. Sans-I/O as the generator is.
 */

import { entries, type Catalog } from './catalog';
import type { Tensor, Tensors } from './contract';
import { encodeRows, regionRows, vocabularyOf, type SpecEntry, type Vocabulary } from './encode';
import { fnv1aOfBytes, roundHalfEven } from './hash';
import { readMetadata } from './metadata';
import { RequestError } from './request';

export const LEARN_CONTRACT = 1;
const FIELD = 'history.learned';
/** Bytes before the matrix in a state's text: contract, tag and rows seen, int32 each. A checksum of 4 follows it. */
const HEADER = 12;

/** A batch of (index of the exercise, reward -2..2). */
type Row = readonly [item: number, reward: number];

export interface Learner {
  readonly run: (feeds: Tensors) => Promise<Tensors>;
  readonly sha256: string;
  readonly state: { readonly length: number; readonly tag: number; readonly bound: number; readonly features: number };
  readonly feedback: { readonly rows: number; readonly columns: readonly string[]; readonly most: number };
  readonly vocabulary: Vocabulary;
  readonly featureSpec: readonly SpecEntry[];
  /** What each feature of the state is, in its order. */
  readonly taste: readonly { readonly name: string; readonly says: string }[];
  /** `per_reward` points of a score for each `unit` of a taste. */
  readonly points: { readonly per_reward: number; readonly unit: number };
}

/** The file is not a learner this runtime can use. */
export class LearnerError extends Error {
  override readonly name = 'LearnerError';
}

/** A learner from the file's bytes, their SHA-256 and what runs them. Throws LearnerError with what is wrong. */
export function openLearner(content: Uint8Array, sha256: string, run: Learner['run']): Learner {
  let found: unknown[];
  try {
    const metadata = readMetadata(content);
    const names = ['learn_contract', 'state', 'feedback', 'vocabulary', 'feature_spec', 'taste', 'points'];
    found = names.map((name) => JSON.parse(metadata.get(name)!));
  } catch {
    throw new LearnerError('not a Limber learner: its metadata is missing or malformed');
  }
  const [contract, state, feedback, vocabulary, featureSpec, taste, points] = found as [
    number, Learner['state'], Learner['feedback'], Vocabulary, SpecEntry[], Learner['taste'], Learner['points'],
  ];
  if (contract !== LEARN_CONTRACT) {
    throw new LearnerError(`the learner speaks contract ${contract}, this runtime speaks ${LEARN_CONTRACT}`);
  }
  return { run, sha256, state, feedback, vocabulary, featureSpec, taste, points };
}

/** The state of somebody nothing is known of. A reset is this state. */
export function initialState(learner: Learner): Int32Array {
  return new Int32Array(learner.state.length);
}

/** The catalogue's tensors that the graph reads, the same as the generator's; kept on the catalogue. */
function tensorsOf(learner: Learner, catalog: Catalog): Tensors {
  const kept = catalog.cache.get(learner.sha256);
  if (kept !== undefined) return kept;
  const made: Record<string, Tensor> = {};
  for (const entry of learner.featureSpec) {
    const known = entry.vocabulary === undefined ? [] : vocabularyOf(learner.vocabulary, entry.vocabulary);
    made[entry.tensor] = encodeRows(catalog.exercises, entry, known);
  }
  made.muscle_region = regionRows(
    entries(catalog, 'muscles'), vocabularyOf(learner.vocabulary, 'muscles'), vocabularyOf(learner.vocabulary, 'regions'),
  );
  catalog.cache.set(learner.sha256, made);
  return made;
}

/** The graph's outputs `state_out` and `personal` for at most `feedback.rows` rows. */
async function runLearner(
  learner: Learner, catalog: Catalog, state: Int32Array, rows: readonly Row[],
): Promise<{ state: Int32Array; personal: Int32Array }> {
  const columns = learner.feedback.columns.length;
  const feedback = new Int32Array(learner.feedback.rows * columns).fill(-1);
  feedback.set(rows.flat());
  const outputs = await learner.run({
    ...tensorsOf(learner, catalog),
    state: { data: state, dims: [state.length] },
    feedback: { data: feedback, dims: [learner.feedback.rows, columns] },
  });
  return { state: outputs.state_out!.data, personal: outputs.personal!.data };
}

/**
 * The state after feedback, oldest first: [slug, reward -2..2]. How it is cut into batches changes nothing.
 *
 * An exercise that the catalogue no longer has is left out. Throws RangeError naming the exercise for a wrong reward.
 */
export async function update(
  learner: Learner, state: Int32Array, catalog: Catalog, feedback: readonly (readonly [slug: string, reward: number])[],
): Promise<Int32Array> {
  const rows: Row[] = [];
  for (const [slug, reward] of feedback) {
    if (!Number.isInteger(reward) || Math.abs(reward) > learner.feedback.most) {
      throw new RangeError(`reward of ${slug} is ${reward}, not a whole number from -2 to 2`);
    }
    const place = catalog.places.get(slug);
    if (place !== undefined) rows.push([place, reward]);
  }
  for (let start = 0; start < rows.length; start += learner.feedback.rows) {
    const batch = rows.slice(start, start + learner.feedback.rows);
    ({ state } = await runLearner(learner, catalog, state, batch));
  }
  return state;
}

/** [N] score points for the generator's input `personal`. */
export async function personal(learner: Learner, state: Int32Array, catalog: Catalog): Promise<Int32Array> {
  return (await runLearner(learner, catalog, state, [])).personal;
}

/** What a state says of somebody: a feature, in words, and the score points that it gives an exercise. */
export interface Taste {
  readonly name: string;
  readonly says: string;
  readonly points: number;
}

/** Every feature but the first, `everything`, the strongest first. */
export function tastesOf(learner: Learner, state: Int32Array): Taste[] {
  const columns = learner.state.features + 1;
  const { per_reward: perReward, unit } = learner.points;
  const found = learner.taste.map(({ name, says }, row) => (
    { name, says, points: roundHalfEven((state[row * columns + columns]! * perReward) / unit) }
  ));
  return found.slice(1).sort((a, b) => Math.abs(b.points) - Math.abs(a.points));
}

/** Places of the matrix [K, K + 1] on and right of the diagonal, row by row; and of the same pair mirrored. */
function* upper(features: number): Generator<readonly [at: number, mirrored: number | null]> {
  for (let row = 0; row < features; row += 1) {
    for (let column = row; column <= features; column += 1) {
      const mirrored = column < features ? column * (features + 1) + row : null;
      yield [row * (features + 1) + column, mirrored];
    }
  }
}

/**
 * A state as base64, little-endian: contract, tag of the features and rows seen as int32, then of every row of the matrix
 * what stands on and right of the diagonal as int16, then FNV-1a of all bytes before as uint32.
 */
export function toText(learner: Learner, state: Int32Array): string {
  const k = learner.state.features;
  const bytes = new Uint8Array(HEADER + k * (k + 3) + 4);
  const view = new DataView(bytes.buffer);
  [LEARN_CONTRACT, learner.state.tag, state[0]!].forEach((value, i) => view.setInt32(4 * i, value, true));
  let at = HEADER;
  for (const [place] of upper(k)) {
    view.setInt16(at, state[1 + place]!, true);
    at += 2;
  }
  view.setUint32(at, fnv1aOfBytes(bytes.subarray(0, at)), true);
  return btoa(String.fromCharCode(...bytes));
}

/** The state of a text. Throws RequestError on `history.learned`, saying what is wrong with it. */
export function fromText(learner: Learner, text: string): Int32Array {
  const refuse = (reason: string): never => {
    throw new RequestError(FIELD, reason);
  };
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) refuse('is not base64: the learned state is damaged');
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (bytes.length < HEADER) refuse(`holds ${bytes.length} bytes: the learned state is cut off`);
  const view = new DataView(bytes.buffer);
  const [contract, tag, seen] = [0, 4, 8].map((at) => view.getInt32(at, true)) as [number, number, number];
  if (contract !== LEARN_CONTRACT) {
    refuse(`was learned under contract ${contract}, this model speaks ${LEARN_CONTRACT}`);
  }
  if (tag !== learner.state.tag) refuse("was learned with other taste features than this model's");
  const k = learner.state.features;
  const expected = HEADER + k * (k + 3) + 4;
  if (bytes.length !== expected) refuse(`holds ${bytes.length} bytes instead of ${expected}: it is damaged`);
  const end = expected - 4;
  if (fnv1aOfBytes(bytes.subarray(0, end)) !== view.getUint32(end, true)) {
    refuse('is damaged: its checksum does not match');
  }
  const state = initialState(learner);
  state[0] = seen;
  let at = HEADER;
  let reachable = seen >= 0;
  for (const [place, mirrored] of upper(k)) {
    const value = view.getInt16(at, true);
    at += 2;
    state[1 + place] = value;
    if (mirrored !== null) state[1 + mirrored] = value;
    reachable &&= Math.abs(value) <= learner.state.bound && (place !== mirrored || value <= 0);
  }
  // Numbers that learning cannot have made, whatever their checksum.
  return reachable ? state : refuse('is not a state that learning can reach');
}

/**
 * `personal` [N] for a stored text, and why it was left aside ('' where it was not): then it is zeros.
 *
 * A person with a state that cannot be read gets the routine of somebody who never learned, and may be told.
 */
export async function personalOf(
  learner: Learner, catalog: Catalog, text: string | null,
): Promise<{ personal: Int32Array; leftAside: string }> {
  const nothing = new Int32Array(catalog.exercises.length);
  if (text === null) return { personal: nothing, leftAside: '' };
  try {
    return { personal: await personal(learner, fromText(learner, text), catalog), leftAside: '' };
  } catch (error) {
    if (error instanceof RequestError) return { personal: nothing, leftAside: error.reason };
    throw error;
  }
}
