/**
 * Runs an ONNX file of the contract's few operators in plain TypeScript, where onnxruntime cannot be had. It knows nothing of
 * the policy: that is in the file, the same signed one.
 */

import type { Tensors } from '../contract';
import type { Engine } from '../session';
import { abs, cast, not, pairwise, where } from './elementwise';
import { readGraph, type Graph, type Node } from './graph';
import { argMax, cumSum, matMul, reduce, topK } from './reductions';
import { concat, expand, gather, reshape, shape, unsqueeze } from './shapes';
import { sizeOf, Unsupported, type Data, type Value } from './tensor';
import { treeEnsemble } from './trees';

type Kernel = (inputs: readonly Value[]) => Value | readonly Value[];
/** The values of a run, by slot. */
type Slots = (Value | undefined)[];
type Step = (slots: Slots) => void;

/** A graph ready to run: its names are places in one array, its constants are there already. */
interface Program {
  readonly start: Slots;
  readonly steps: readonly Step[];
  readonly inputs: readonly (readonly [name: string, slot: number])[];
  readonly outputs: readonly (readonly [name: string, slot: number])[];
}

/** Steps of a loop that nobody limits: more than any routine has, so a graph that never ends is noticed. */
const MOST_STEPS = 10_000;
const PAIRWISE = [
  'Add', 'And', 'Div', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Max', 'Min', 'Mul', 'Or', 'Sub',
];

function kernelOf({ op, attributes }: Node): Kernel {
  if (PAIRWISE.includes(op)) return pairwise(op);
  switch (op) {
    case 'Abs': return abs;
    case 'ArgMax': return argMax(attributes);
    case 'Cast': return cast(attributes.get('to')!.i);
    case 'Concat': return concat(attributes);
    case 'CumSum': return cumSum(attributes);
    case 'Expand': return expand;
    case 'Gather': return gather(attributes);
    case 'Identity': return ([value]) => value!;
    case 'MatMul': return matMul;
    case 'Not': return not;
    case 'ReduceMax': case 'ReduceSum': return reduce(op, attributes);
    case 'Reshape': return reshape(attributes);
    case 'Shape': return shape(attributes);
    case 'TopK': return topK(attributes);
    case 'TreeEnsembleRegressor': return treeEnsemble(attributes);
    case 'Unsqueeze': return unsqueeze;
    case 'Where': return where;
    default: throw new Unsupported(`operator ${op}`);
  }
}

/** Throws Unsupported or RangeError for what cannot be run. */
function compile(graph: Graph): Program {
  const places = new Map<string, number>();
  const start: Slots = [];
  const slotOf = (name: string): number => {
    let slot = places.get(name);
    if (slot === undefined) places.set(name, (slot = start.push(undefined) - 1));
    return slot;
  };

  /** The steps of a graph or of a loop's body. What depends on constants alone is worked out here, once. */
  function stepsOf(part: Graph): Step[] {
    for (const [name, value] of part.constants) start[slotOf(name)] = value;
    const steps: Step[] = [];
    for (const node of part.nodes) {
      const outputs = node.outputs.map((name) => (name === '' ? -1 : slotOf(name)));
      if (node.op === 'Constant') {
        start[outputs[0]!] = node.attributes.get('value')?.tensor ?? undefined;
        continue;
      }
      const inputs = node.inputs.map((name) => (name === '' ? -1 : slotOf(name)));
      const step = node.op === 'Loop' ? loopOf(node, inputs, outputs) : stepOf(kernelOf(node), inputs, outputs);
      if (node.op !== 'Loop' && inputs.every((slot) => slot >= 0 && start[slot] !== undefined)) step(start);
      else steps.push(step);
    }
    return steps;
  }

  /**
   * What a step was last given and made is kept: the same values again need no work. That spares what depends on the catalogue
   * alone from run to run, and what does not change in a loop from step to step.
   */
  function stepOf(kernel: Kernel, inputs: readonly number[], outputs: readonly number[]): Step {
    const [first] = outputs;
    const seen = new Array<Value | undefined>(inputs.length).fill(undefined);
    let made: Value | readonly Value[] | undefined;
    return (slots) => {
      let fresh = made === undefined;
      for (let i = 0; i < inputs.length; i += 1) {
        const value = slots[inputs[i]!];
        if (value !== seen[i]) {
          seen[i] = value;
          fresh = true;
        }
      }
      if (fresh) {
        made = undefined; // should the kernel throw, nothing stale is left
        made = kernel(seen as readonly Value[]);
      }
      if ('data' in made!) slots[first!] = made;
      else outputs.forEach((slot, i) => (slot >= 0 ? (slots[slot] = (made as readonly Value[])[i]) : undefined));
    };
  }

  /** Loop: at most so often and while a condition holds; the body reads what is outside of it, too. */
  function loopOf(node: Node, inputs: readonly number[], outputs: readonly number[]): Step {
    const body = node.attributes.get('body')?.graph;
    if (!body) throw new Unsupported('a loop without a body');
    const into = body.inputs.map(slotOf);
    const steps = stepsOf(body);
    const out = body.outputs.map(slotOf);
    const carried = body.inputs.length - 2;
    return (slots) => {
      const value = (slot: number | undefined): Value | undefined => (slot === undefined || slot < 0 ? undefined : slots[slot]);
      const most = Math.min(value(inputs[0])?.data[0] ?? MOST_STEPS, MOST_STEPS);
      let goOn = value(inputs[1])?.data[0] !== 0;
      let held = inputs.slice(2).map(value);
      const collected: Value[][] = out.slice(1 + carried).map(() => []);
      for (let number = 0; number < most && goOn; number += 1) {
        slots[into[0]!] = { data: Float64Array.of(number), dims: [] };
        slots[into[1]!] = { data: Uint8Array.of(1), dims: [] };
        held.forEach((kept, i) => (slots[into[2 + i]!] = kept));
        for (const step of steps) step(slots);
        goOn = slots[out[0]!]!.data[0] !== 0;
        held = out.slice(1, 1 + carried).map(value);
        out.slice(1 + carried).forEach((slot, i) => collected[i]!.push(slots[slot]!));
      }
      [...held, ...collected.map(stacked)].forEach((result, i) => {
        if (outputs[i]! >= 0) slots[outputs[i]!] = result;
      });
    };
  }

  const steps = stepsOf(graph);
  const named = (names: readonly string[]): [string, number][] => names.map((name) => [name, slotOf(name)]);
  return { start, steps, inputs: named(graph.inputs), outputs: named(graph.outputs) };
}

/** What a loop collected, step by step, along a new first axis. */
function stacked(values: readonly Value[]): Value {
  const [first] = values;
  if (first === undefined) return { data: new Int32Array(), dims: [0] };
  return concat(new Map())(values.map(({ data, dims }) => ({ data, dims: [1, ...dims] })));
}

function run(program: Program, feeds: Tensors): Tensors {
  const slots = program.start.slice();
  for (const [name, slot] of program.inputs) {
    const tensor = feeds[name];
    if (tensor === undefined) throw new Error(`the model asks for an input ${name} that nobody makes`);
    if (tensor.data.length !== sizeOf(tensor.dims)) throw new RangeError(`input ${name} does not fill its shape`);
    slots[slot] = tensor;
  }
  for (const step of program.steps) step(slots);
  return Object.fromEntries(program.outputs.map(([name, slot]) => {
    const { data, dims } = slots[slot]!;
    return [name, { data: int32(data), dims }];
  }));
}

function int32(data: Data): Int32Array {
  return data instanceof Int32Array ? data : Int32Array.from(data);
}

/** The engine that is always there. */
export function openInterpreter(): Engine {
  return {
    name: 'interpreter',
    async open(model) {
      const program = compile(readGraph(model));
      return { run: async (feeds) => run(program, feeds), close: async () => undefined };
    },
  };
}

