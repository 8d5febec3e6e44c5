/** The interpreter gives what onnxruntime gives, operator by operator, on shapes and numbers drawn at random. */

import { join } from 'node:path';

import fc from 'fast-check';

import { onnx, type AttributeSpec, type NodeSpec } from '../../../test/onnx';
import { learnerDifferences, readBundle, readVectors } from '../../../test/vectors';
import { openLearning, runtimeOf } from '../../../tools/engines';
import { readCatalog } from '../catalog';
import type { Tensor } from '../contract';
import type { Engine } from '../session';
import { openInterpreter } from './index';
import { OPERATORS } from './operators';

const [FLOAT, INT32, INT64, BOOL] = [1, 6, 7, 9];
const engines: Record<'onnxruntime' | 'interpreter', Engine> = { onnxruntime: runtimeOf('node', 1), interpreter: openInterpreter() };

/** One operator on tensors: each is an int32 input, cast to its type on the way, or a constant of the graph. */
interface Operand {
  readonly type: number;
  readonly dims: readonly number[];
  readonly values: readonly number[];
  readonly constant?: boolean;
}
interface Trial {
  readonly op: string;
  readonly operands: readonly Operand[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly domain?: string;
  readonly outputs?: number;
}

function build({ op, operands, attributes = {}, domain = '', outputs = 1 }: Trial): { file: Uint8Array; feeds: Record<string, Tensor> } {
  const names = Array.from({ length: outputs }, (_, i) => `out${i}`);
  const nodes = operands.map(({ type, dims, values, constant }, i): NodeSpec => (constant
    ? { op: 'Constant', inputs: [], outputs: [`typed${i}`], attributes: { value: { tensor: { type, dims, values } } } }
    : { op: 'Cast', inputs: [`in${i}`], outputs: [`typed${i}`], attributes: { to: { i: type } } }));
  nodes.push({ op, domain, attributes, inputs: operands.map((_, i) => `typed${i}`), outputs: names.map((name) => `raw_${name}`) });
  names.forEach((name) => nodes.push({ op: 'Cast', inputs: [`raw_${name}`], outputs: [name], attributes: { to: { i: INT32 } } }));
  const fed = operands.map((operand, i) => [`in${i}`, operand] as const).filter(([, { constant }]) => !constant);
  return {
    file: onnx({
      nodes,
      inputs: fed.map(([name, { dims }]) => [name, INT32, dims.length]),
      outputs: names.map((name) => [name, INT32, 1]),
    }),
    feeds: Object.fromEntries(fed.map(([name, { dims, values }]) => [name, { data: Int32Array.from(values), dims }])),
  };
}

async function answers(engine: Engine, trial: Trial): Promise<unknown> {
  const { file, feeds } = build(trial);
  const session = await engine.open(file);
  try {
    const found = await session.run(feeds);
    return Object.fromEntries(Object.entries(found).map(([name, { data, dims }]) => [name, { data: [...data], dims: [...dims] }]));
  } finally {
    await session.close();
  }
}

async function agree(trials: fc.Arbitrary<Trial>, numRuns = 60): Promise<void> {
  await fc.assert(fc.asyncProperty(trials, async (trial) => {
    expect(await answers(engines.interpreter, trial)).toEqual(await answers(engines.onnxruntime, trial));
  }), { numRuns, seed: 20261123 });
}

const small = fc.integer({ min: -20, max: 20 });
const wide = fc.oneof(small, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const shape = (least = 1, most = 3): fc.Arbitrary<number[]> => fc.array(fc.integer({ min: 1, max: 4 }), { minLength: least, maxLength: most });
const size = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);
const filled = (type: number, dims: readonly number[], of: fc.Arbitrary<number> = wide): fc.Arbitrary<Operand> => (
  fc.array(of, { minLength: size(dims), maxLength: size(dims) }).map((values) => ({ type, dims, values }))
);
const whole = (...values: number[]): Operand => ({ type: INT64, dims: [values.length], values, constant: true });
/** A shape that broadcasts with `dims`: some axes are 1, and some at the front are left out. */
const fitting = (dims: readonly number[]): fc.Arbitrary<number[]> => (
  fc.tuple(fc.integer({ min: 0, max: dims.length }), fc.array(fc.boolean(), { minLength: dims.length, maxLength: dims.length }))
    .map(([cut, ones]) => dims.map((dim, i) => (ones[i] ? 1 : dim)).slice(cut))
);
const pair = (type: number, of?: fc.Arbitrary<number>, divisor?: fc.Arbitrary<number>): fc.Arbitrary<Operand[]> => (
  shape().chain((dims) => fc.tuple(fitting(dims), fitting(dims))).chain(([a, b]) => fc.tuple(filled(type, a, of), filled(type, b, divisor ?? of)))
);
const bits = fc.integer({ min: 0, max: 1 });
const axisOf = (dims: readonly number[]): fc.Arbitrary<number> => fc.integer({ min: -dims.length, max: dims.length - 1 });

test.each(['Add', 'Sub', 'Mul', 'Max', 'Min', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'])(
  '%s of int32 wraps and broadcasts alike', (op) => agree(pair(INT32).map((operands) => ({ op, operands }))),
);

test.each(['Add', 'Sub', 'Mul', 'Equal', 'Less', 'Greater'])('%s of float32 and int64', async (op) => {
  await agree(pair(FLOAT, small).map((operands) => ({ op, operands })), 20);
  await agree(pair(INT64, small).map((operands) => ({ op, operands })), 20);
});

test('Div of integers goes towards zero', () => (
  agree(pair(INT32, wide, fc.integer({ min: 1, max: 50 }).chain((n) => fc.constantFrom(n, -n))).map((operands) => ({ op: 'Div', operands })))
));

test.each(['And', 'Or'])('%s of bool', (op) => agree(pair(BOOL, bits).map((operands) => ({ op, operands })), 20));

test('Not, Abs, Identity', async () => {
  await agree(shape().chain((dims) => filled(BOOL, dims, bits)).map((operand) => ({ op: 'Not', operands: [operand] })), 20);
  await agree(shape().chain((dims) => filled(INT32, dims, fc.integer())).map((operand) => ({ op: 'Abs', operands: [operand] })), 20);
  await agree(shape().chain((dims) => filled(INT32, dims)).map((operand) => ({ op: 'Identity', operands: [operand] })), 20);
});

test('Where chooses between broadcast values', () => agree(
  shape().chain((dims) => fc.tuple(fitting(dims), fitting(dims), fitting(dims)))
    .chain(([c, a, b]) => fc.tuple(filled(BOOL, c, bits), filled(INT32, a), filled(INT32, b))).map((operands) => ({ op: 'Where', operands })),
));

test('Gather takes along any axis, counting from the end too', () => agree(
  shape().chain((dims) => fc.tuple(fc.constant(dims), axisOf(dims), shape(1, 2)))
    .chain(([dims, axis, places]) => {
      const along = dims.at(axis)!;
      return fc.tuple(filled(INT32, dims), filled(INT64, places, fc.integer({ min: -along, max: along - 1 })), fc.constant(axis));
    })
    .map(([from, places, axis]) => ({ op: 'Gather', operands: [from, places], attributes: { axis: { i: axis } } })),
));

test('Concat, Unsqueeze, Reshape, Expand and Shape move and count', async () => {
  await agree(shape().chain((dims) => fc.tuple(axisOf(dims), fc.tuple(filled(INT32, dims), filled(INT32, dims), filled(INT32, dims))))
    .map(([axis, operands]) => ({ op: 'Concat', operands, attributes: { axis: { i: axis } } })), 30);
  await agree(shape().chain((dims) => fc.tuple(filled(INT32, dims), fc.integer({ min: -dims.length - 1, max: dims.length })))
    .map(([operand, axis]) => ({ op: 'Unsqueeze', operands: [operand, whole(axis)] })), 30);
  await agree(shape(2, 3).chain((dims) => filled(INT32, dims)).map((operand) => ({ op: 'Reshape', operands: [operand, whole(0, -1)] })), 30);
  await agree(shape().chain((dims) => fc.tuple(fitting(dims).chain((own) => filled(INT32, own)), fc.constant(dims)))
    .map(([operand, dims]) => ({ op: 'Expand', operands: [operand, whole(...dims)] })), 30);
  await agree(shape().chain((dims) => filled(INT32, dims)).map((operand) => ({ op: 'Shape', operands: [operand] })), 20);
});

test.each([0, 1])('ReduceSum and ReduceMax, keepdims %d', async (keep) => {
  const keepdims = { keepdims: { i: keep } };
  await agree(shape().chain((dims) => fc.tuple(filled(INT32, dims), axisOf(dims)))
    .map(([operand, axis]) => ({ op: 'ReduceSum', operands: [operand, whole(axis)], attributes: keepdims })), 30);
  await agree(shape().chain((dims) => fc.tuple(filled(INT32, dims), axisOf(dims)))
    .map(([operand, axis]) => ({ op: 'ReduceMax', operands: [operand], attributes: { ...keepdims, axes: { ints: [axis] } } })), 30);
});

test('ArgMax of equals, first or last', () => agree(
  shape().chain((dims) => fc.tuple(filled(INT32, dims, fc.integer({ min: 0, max: 3 })), axisOf(dims), bits, bits))
    .map(([operand, axis, keep, last]) => ({
      op: 'ArgMax', operands: [operand], attributes: { axis: { i: axis }, keepdims: { i: keep }, select_last_index: { i: last } },
    })),
));

test('CumSum, either way, with itself or without', () => agree(
  shape().chain((dims) => fc.tuple(filled(INT32, dims), axisOf(dims), bits, bits)).map(([operand, axis, exclusive, reverse]) => ({
    op: 'CumSum', operands: [operand, { ...whole(axis), dims: [] }], attributes: { exclusive: { i: exclusive }, reverse: { i: reverse } },
  })),
));

test('TopK puts the earlier of equals first', () => agree(
  shape().chain((dims) => fc.tuple(filled(INT32, dims, fc.integer({ min: 0, max: 4 })), axisOf(dims), bits))
    .chain(([operand, axis, largest]) => fc.integer({ min: 1, max: operand.dims.at(axis)! }).map((k) => ({
      op: 'TopK', operands: [operand, whole(k)], outputs: 2, attributes: { axis: { i: axis }, largest: { i: largest }, sorted: { i: 1 } },
    }))),
));

test('MatMul of int32 and of whole float32, vectors and matrices', async () => {
  const sides = fc.tuple(shape(1, 3), fc.option(fc.integer({ min: 1, max: 4 })));
  for (const type of [INT32, FLOAT]) {
    await agree(sides.chain(([left, columns]) => {
      const right = columns === null ? [left.at(-1)!] : [left.at(-1)!, columns];
      return fc.tuple(filled(type, left, small), filled(type, right, small));
    }).map((operands) => ({ op: 'MatMul', operands })), 40);
  }
});

test('trees add up one leaf each', () => {
  const attributes: Record<string, AttributeSpec> = {
    n_targets: { i: 1 },
    base_values: { floats: [7] },
    nodes_treeids: { ints: [0, 0, 0, 0, 0, 1] },
    nodes_nodeids: { ints: [0, 1, 2, 3, 4, 0] },
    nodes_featureids: { ints: [1, 0, 0, 0, 0, 0] },
    nodes_modes: { strings: ['BRANCH_LEQ', 'BRANCH_LEQ', 'LEAF', 'LEAF', 'LEAF', 'LEAF'] },
    nodes_values: { floats: [2, -3.5, 0, 0, 0, 0] },
    nodes_truenodeids: { ints: [1, 3, 0, 0, 0, 0] },
    nodes_falsenodeids: { ints: [2, 4, 0, 0, 0, 0] },
    nodes_missing_value_tracks_true: { ints: [0, 0, 0, 0, 0, 0] },
    target_treeids: { ints: [0, 0, 0, 1] },
    target_nodeids: { ints: [2, 3, 4, 0] },
    target_ids: { ints: [0, 0, 0, 0] },
    target_weights: { floats: [100, 20, 3, 1000] },
  };
  return agree(fc.integer({ min: 1, max: 6 }).chain((rows) => filled(FLOAT, [rows, 2], fc.integer({ min: -6, max: 6 })))
    .map((operand) => ({ op: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml', operands: [operand], attributes })), 30);
});

test('a loop carries, collects, stops early, and reads what is outside of it', async () => {
  const file = onnx({
    inputs: [['most', INT32, 0], ['step', INT32, 0], ['limit', INT32, 0]],
    outputs: [['total', INT32, 0], ['seen', INT32, 1]],
    nodes: [
      { op: 'Cast', inputs: ['most'], outputs: ['trips'], attributes: { to: { i: INT64 } } },
      { op: 'Constant', inputs: [], outputs: ['go'], attributes: { value: { tensor: { type: BOOL, dims: [], values: [1] } } } },
      { op: 'Constant', inputs: [], outputs: ['start'], attributes: { value: { tensor: { type: INT32, dims: [], values: [0] } } } },
      {
        op: 'Loop', inputs: ['trips', 'go', 'start'], outputs: ['total', 'seen'],
        attributes: {
          body: {
            graph: {
              inputs: [['number', INT64, 0], ['on', BOOL, 0], ['sum', INT32, 0]],
              outputs: [['more', BOOL, 0], ['next', INT32, 0], ['kept', INT32, 0]],
              nodes: [
                { op: 'Add', inputs: ['sum', 'step'], outputs: ['next'] },
                { op: 'Less', inputs: ['next', 'limit'], outputs: ['more'] },
                { op: 'Mul', inputs: ['next', 'next'], outputs: ['kept'] },
              ],
            },
          },
        },
      },
    ],
  });
  const scalar = (value: number): Tensor => ({ data: Int32Array.of(value), dims: [] });
  for (const [most, step, limit] of [[5, 2, 100], [5, 30, 100], [1, 1, 1], [9, 1, 4]] as const) {
    const feeds = { most: scalar(most), step: scalar(step), limit: scalar(limit) };
    const [ours, theirs] = await Promise.all(Object.values(engines).map(async (engine) => {
      const found = await (await engine.open(file)).run(feeds);
      return [[...found.total!.data], [...found.seen!.data], [...found.seen!.dims]];
    }));
    expect(ours).toEqual(theirs);
  }
});

test('a second run sees its own inputs, though what did not change is not worked out again', async () => {
  const { file } = build({ op: 'Add', operands: [{ type: INT32, dims: [2], values: [0, 0] }, { type: INT32, dims: [2], values: [0, 0] }] });
  const session = await engines.interpreter.open(file);
  const fixed = { data: Int32Array.of(1, 2), dims: [2] };
  const run = async (a: number, b: number): Promise<number[]> => (
    [...(await session.run({ in0: { data: Int32Array.of(a, b), dims: [2] }, in1: fixed })).out0!.data]
  );
  expect([await run(1, 1), await run(5, 7), await run(1, 1)]).toEqual([[2, 3], [6, 9], [2, 3]]);
});

test('every session of the learner’s vectors ends in the promised state', async () => {
  const held = readBundle(join(__dirname, '..', '..', '..', '..'));
  const learning = await openLearning('interpreter', held.learner, 1);
  const taught = JSON.parse(readVectors(join(__dirname, '..', '..', '..', '..'), 'learner.json'));
  expect(await learnerDifferences(learning.learner, readCatalog(held.documents, held.release), taught)).toEqual([]);
}, 60_000);

test('what it cannot run is refused when it is opened', async () => {
  const one = [{ type: INT32, dims: [1], values: [1] }];
  await expect(engines.interpreter.open(build({ op: 'Neg', operands: one }).file)).rejects.toThrow('operator Neg');
  await expect(engines.interpreter.open(new Uint8Array())).rejects.toThrow('no graph');
  const file = build({ op: 'Abs', operands: one }).file;
  for (let length = 1; length < file.length; length += 7) {
    await expect(engines.interpreter.open(file.slice(0, length))).rejects.toThrow();
  }
  const session = await engines.interpreter.open(file);
  await expect(session.run({})).rejects.toThrow('an input in0 that nobody makes');
  await expect(session.run({ in0: { data: Int32Array.of(1, 2), dims: [1] } })).rejects.toThrow('does not fill its shape');
});

test('each operator of the contract has its kernel', async () => {
  for (const op of OPERATORS) {
    const opened = engines.interpreter.open(onnx({ nodes: [{ op, inputs: [], outputs: ['y'] }], inputs: [], outputs: [] }));
    await opened.catch((error: Error) => expect(error.message).not.toMatch(/^operator /));
  }
});
