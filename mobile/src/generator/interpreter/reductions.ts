/** What makes few elements of many: sums, greatest, orders, products of matrices. */

import type { Attribute } from './graph';
import { around, axisOf, FLOAT, INT32, like, sizeOf, typeOf, Unsupported, type Data, type Value } from './tensor';

type Attributes = ReadonlyMap<string, Attribute>;
type Work = (inputs: readonly Value[]) => Value;

/** Adds or compares along each of the axes, which stand in an attribute or in the second input. */
export function reduce(op: 'ReduceSum' | 'ReduceMax', attributes: Attributes): Work {
  const keep = (attributes.get('keepdims')?.i ?? 1) === 1;
  const leave = attributes.get('noop_with_empty_axes')?.i === 1;
  const inAttribute = attributes.get('axes')?.ints;
  return ([value, given]) => {
    const rank = value!.dims.length;
    const listed = inAttribute ?? (given ? [...given.data] : []);
    if (listed.length === 0 && leave) return value!;
    const axes = listed.length === 0 ? value!.dims.map((_, i) => i) : listed.map((axis) => axisOf(axis, rank));
    let { data } = value!;
    const dims = [...value!.dims];
    for (const axis of axes) {
      const [before, along, after] = around(dims, axis);
      data = op === 'ReduceSum' ? sums(data, before, along, after) : greatest(data, before, along, after);
      dims[axis] = 1;
    }
    return { data, dims: keep ? dims : dims.filter((_, i) => !axes.includes(i)) };
  };
}

function sums(data: Data, before: number, along: number, after: number): Data {
  const result = like(data, before * after);
  for (let outer = 0; outer < before; outer += 1) {
    for (let i = 0; i < along; i += 1) {
      const start = (outer * along + i) * after;
      for (let inner = 0; inner < after; inner += 1) result[outer * after + inner]! += data[start + inner]!;
    }
  }
  return result;
}

function greatest(data: Data, before: number, along: number, after: number): Data {
  if (along === 0 && before * after > 0) throw new RangeError('the greatest of nothing');
  const result = like(data, before * after);
  for (let outer = 0; outer < before; outer += 1) {
    for (let inner = 0; inner < after; inner += 1) {
      let best = data[outer * along * after + inner]!;
      for (let i = 1; i < along; i += 1) {
        const found = data[(outer * along + i) * after + inner]!;
        if (found > best) best = found;
      }
      result[outer * after + inner] = best;
    }
  }
  return result;
}

export function argMax(attributes: Attributes): Work {
  const [wanted, keep] = [attributes.get('axis')?.i ?? 0, (attributes.get('keepdims')?.i ?? 1) === 1];
  const last = attributes.get('select_last_index')?.i === 1;
  return ([value]) => {
    const axis = axisOf(wanted, value!.dims.length);
    const { data } = value!;
    const [before, along, after] = around(value!.dims, axis);
    const result = new Float64Array(before * after);
    for (let outer = 0; outer < before; outer += 1) {
      for (let inner = 0; inner < after; inner += 1) {
        const start = outer * along * after + inner;
        let best = 0;
        for (let i = 1; i < along; i += 1) {
          const [found, held] = [data[start + i * after]!, data[start + best * after]!];
          if (found > held || (last && found === held)) best = i;
        }
        result[outer * after + inner] = best;
      }
    }
    const dims = keep ? value!.dims.map((dim, i) => (i === axis ? 1 : dim)) : value!.dims.filter((_, i) => i !== axis);
    return { data: result, dims };
  };
}

export function cumSum(attributes: Attributes): Work {
  const [exclusive, reverse] = [attributes.get('exclusive')?.i === 1, attributes.get('reverse')?.i === 1];
  return ([value, wanted]) => {
    const { data, dims } = value!;
    const [before, along, after] = around(dims, axisOf(wanted!.data[0]!, dims.length));
    const result = like(data, data.length);
    for (let outer = 0; outer < before; outer += 1) {
      for (let inner = 0; inner < after; inner += 1) {
        let sum = 0;
        for (let i = 0; i < along; i += 1) {
          const at = (outer * along + (reverse ? along - 1 - i : i)) * after + inner;
          result[at] = exclusive ? sum : sum + data[at]!;
          sum += data[at]!;
        }
      }
    }
    return { data: result, dims };
  };
}

/** The first `k` along an axis and their places; of equal ones the earlier comes first. */
export function topK(attributes: Attributes): (inputs: readonly Value[]) => readonly Value[] {
  const [wanted, largest] = [attributes.get('axis')?.i ?? -1, (attributes.get('largest')?.i ?? 1) === 1];
  return ([value, count]) => {
    const axis = axisOf(wanted, value!.dims.length);
    const k = count!.data[0]!;
    const [before, along, after] = around(value!.dims, axis);
    if (k > along) throw new RangeError(`the first ${k} of ${along}`);
    const { data } = value!;
    const [found, places] = [like(data, before * k * after), new Float64Array(before * k * after)];
    for (let outer = 0; outer < before; outer += 1) {
      for (let inner = 0; inner < after; inner += 1) {
        const element = (i: number): number => data[(outer * along + i) * after + inner]!;
        const order = Array.from({ length: along }, (_, i) => i)
          .sort(largest ? (a, b) => element(b) - element(a) || a - b : (a, b) => element(a) - element(b) || a - b);
        for (let i = 0; i < k; i += 1) {
          const at = (outer * k + i) * after + inner;
          found[at] = element(order[i]!);
          places[at] = order[i]!;
        }
      }
    }
    const dims = value!.dims.map((dim, i) => (i === axis ? k : dim));
    return [{ data: found, dims }, { data: places, dims }];
  };
}

/**
 * As numpy and ONNX multiply: vectors, matrices, and stacks of the left with one matrix on the right. Sums of float32 are
 * kept in doubles: whole numbers below 2^24, which the contract asks for, come out the same in any order.
 */
export function matMul([left, right]: readonly Value[]): Value {
  const [a, b] = [left!, right!];
  const type = typeOf(a.data);
  if (typeOf(b.data) !== type || (type !== INT32 && type !== FLOAT)) throw new Unsupported('MatMul of these element types');
  if (b.dims.length > 2 || a.dims.length === 0 || b.dims.length === 0) throw new Unsupported('MatMul of stacks of matrices');
  const inner = a.dims[a.dims.length - 1]!;
  const columns = b.dims.length === 1 ? 1 : b.dims[1]!;
  if (b.dims[0] !== inner) throw new RangeError(`MatMul of [${a.dims}] and [${b.dims}]`);
  const rows = sizeOf(a.dims.slice(0, -1));
  const sum = new Float64Array(rows * columns);
  const add = type === INT32 ? addWrapped : addScaled;
  for (const at of filled(a.data)) {
    add(sum, Math.floor(at / inner) * columns, b.data, (at % inner) * columns, columns, a.data[at]!);
  }
  const dims = [...a.dims.slice(0, -1), ...b.dims.slice(1)];
  return { data: type === INT32 ? Int32Array.from(sum) : Float32Array.from(sum), dims };
}

/** Places of what is not 0: most of what the contract multiplies are rows of a few ones among many zeros. */
function filled(data: Data): Int32Array {
  let found = known.get(data);
  if (found === undefined) {
    const places: number[] = [];
    for (let i = 0; i < data.length; i += 1) if (data[i] !== 0) places.push(i);
    known.set(data, (found = Int32Array.from(places)));
  }
  return found;
}

/** The same matrix comes again and again: the catalogue's. */
const known = new WeakMap<Data, Int32Array>();

function addScaled(sum: Float64Array, at: number, row: Data, from: number, length: number, factor: number): void {
  for (let i = 0; i < length; i += 1) sum[at + i]! += factor * row[from + i]!;
}

function addWrapped(sum: Float64Array, at: number, row: Data, from: number, length: number, factor: number): void {
  for (let i = 0; i < length; i += 1) sum[at + i]! += Math.imul(factor, row[from + i]!);
}
