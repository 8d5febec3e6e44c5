/**
 * What a device does with the model: encode, run, decode, check. No input or output of its own: whoever holds a session
 * of onnxruntime-react-native, -web or -node gives a function that runs it.
 */

import type { Catalog } from './catalog';
import { check, type Violation } from './checker';
import { CONTRACT, type Tensors } from './contract';
import { decode, type Routine, type Wording } from './decode';
import { encode, type SpecEntry, type Vocabulary } from './encode';
import { personalOf, type Learner } from './learner';
import { readMetadata } from './metadata';
import { parse, RequestError, type Request } from './request';

/** Runs the graph: all inputs by name to all outputs by name, int32 both ways. */
export type Run = (feeds: Tensors) => Promise<Tensors>;

export interface Generator {
  readonly run: Run;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  readonly vocabulary: Vocabulary;
  readonly featureSpec: readonly SpecEntry[];
  readonly wording: Wording;
}

/** The file is not a generator this runtime can use. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** The independent checker refused a plan: the device falls back to its previous model. */
export class UnsafePlan extends Error {
  override readonly name = 'UnsafePlan';
  constructor(readonly violations: readonly Violation[]) {
    super(violations.map(({ rule, message }) => `${rule}: ${message}`).join('; '));
  }
}

/** A generator from the file's bytes, their SHA-256 and what runs them. Throws ModelError with what is wrong. */
export function openGenerator(content: Uint8Array, sha256: string, run: Run): Generator {
  const read = (name: string): unknown => {
    const text = metadata.get(name);
    if (text === undefined) throw new ModelError(`not a Limber generator: metadata ${name} is missing`);
    try {
      return JSON.parse(text);
    } catch {
      throw new ModelError(`not a Limber generator: metadata ${name} is malformed`);
    }
  };
  let metadata: Map<string, string>;
  try {
    metadata = readMetadata(content);
  } catch {
    throw new ModelError('not an ONNX file');
  }
  const contract = read('contract');
  if (contract !== CONTRACT) {
    throw new ModelError(`the model speaks contract ${contract}, this runtime speaks ${CONTRACT}`);
  }
  return {
    run,
    sha256,
    vocabulary: read('vocabulary') as Vocabulary,
    featureSpec: read('feature_spec') as readonly SpecEntry[],
    wording: read('wording') as Wording,
  };
}

/** The graph's outputs for one checked request, tilted by `personal` [N] of on-device learning. */
export function runGraph(
  generator: Generator, catalog: Catalog, request: Request, personal?: Int32Array,
): Promise<Tensors> {
  const { featureSpec, vocabulary, sha256 } = generator;
  return generator.run(encode(catalog, request, featureSpec, vocabulary, sha256, personal));
}

/** A routine, and the graph's outputs that it was read from. */
export interface Worked {
  readonly routine: Routine;
  readonly outputs: Tensors;
}

/** The routine of `work`. */
export async function generate(
  generator: Generator, catalog: Catalog, payload: unknown, learner?: Learner,
): Promise<Routine> {
  return (await work(generator, catalog, payload, learner)).routine;
}

/**
 * A routine for the payload of generator.md.
 *
 * With a learner, `history.learned` tilts the choice; a state that cannot be read is left aside, and `learned_refused` in
 * the routine says why. Throws RequestError for a malformed or impossible request, UnsafePlan when the checker refuses the
 * plan.
 */
export async function work(
  generator: Generator, catalog: Catalog, payload: unknown, learner?: Learner,
): Promise<Worked> {
  const request = parse(payload, catalog);
  const known = learner && (await personalOf(learner, catalog, request.learned));
  const outputs = await runGraph(generator, catalog, request, known?.personal);
  const decoded = decode(catalog, request, outputs, generator.vocabulary, generator.wording, generator.sha256);
  const routine = known?.leftAside ? { ...decoded, learned_refused: known.leftAside } : decoded;
  const violations = check(catalog, payload, routine);
  const refusal = impossible(catalog, request, outputs, routine, violations);
  if (refusal !== null) throw refusal;
  if (violations.length > 0) throw new UnsafePlan(violations);
  return { routine, outputs };
}

const TOLERANCE_S = 30;
const OPENING_RULES = ['C04', 'O10', 'W02'];

/**
 * What to say when no routine fits the wishes, naming them; null when one does.
 *
 * Two things cannot be done without: easy movement to open with (W02, C04, O10), and enough to fill the time. Missing
 * them is the wishes' doing only when everything that they leave is in the routine already.
 */
function impossible(
  catalog: Catalog, request: Request, outputs: Tensors, routine: Routine, violations: readonly Violation[],
): RequestError | null {
  if (routine.status !== 'ok') return null;
  const named = [...request.constraints, ...request.conditions, ...request.acuteRegions].join(', ') || 'this level';
  const wishes = request.equipment.length === 0 ? `${named} and no equipment` : named;
  const broken = OPENING_RULES.filter((rule) => violations.some((violation) => violation.rule === rule));
  const used = new Set(routine.items.map((item) => item.slug));
  if (broken.length > 0 && openers(catalog, outputs).every((slug) => used.has(slug))) {
    return new RequestError(
      'request.kind',
      `a ${request.kind} starts with easy movement (${broken.join(', ')}), and ${wishes} leaves too little of it for ` +
        `${request.budgetS} s`,
    );
  }
  if (Math.abs(routine.total_s - routine.budget_s) > TOLERANCE_S) {
    return new RequestError(
      'request.budget_s',
      `only ${routine.total_s} of ${routine.budget_s} s can be filled with what ${wishes} allows; ask for less time ` +
        'or allow more',
    );
  }
  return null;
}

/** Slugs of the easy movement that this person may open with. */
function openers(catalog: Catalog, outputs: Tensors): string[] {
  const blocked = outputs.blocked_by!.data;
  return catalog.exercises
    .filter(({ type, met }, i) => blocked[i] === 0 && type === 'pulse_raiser' && met < 6)
    .map(({ slug }) => slug);
}
