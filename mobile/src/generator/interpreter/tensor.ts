/** Values while a graph runs. */

/**
 * float32, int32, int64 and bool, in this order of arrays. An int64 is kept in a double: the contract uses it for places
 * and lengths only, far below 2^53.
 */
export type Data = Float32Array | Int32Array | Float64Array | Uint8Array;

export interface Value {
  readonly data: Data;
  readonly dims: readonly number[];
}

/** ONNX's numbers of the element types (TensorProto.DataType). */
export const [FLOAT, INT32, INT64, BOOL] = [1, 6, 7, 9];

/** What makes a file one that this interpreter does not run. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

export function sizeOf(dims: readonly number[]): number {
  let size = 1;
  for (const dim of dims) size *= dim;
  return size;
}

/** An array of zeros of an ONNX element type. */
export function zeros(type: number, length: number): Data {
  switch (type) {
    case FLOAT:
      return new Float32Array(length);
    case INT32:
      return new Int32Array(length);
    case INT64:
      return new Float64Array(length);
    case BOOL:
      return new Uint8Array(length);
    default:
      throw new Unsupported(`element type ${type}`);
  }
}

export function typeOf(data: Data): number {
  if (data instanceof Int32Array) return INT32;
  if (data instanceof Uint8Array) return BOOL;
  return data instanceof Float32Array ? FLOAT : INT64;
}

/** An array of the same element type. */
export function like(data: Data, length: number): Data {
  return zeros(typeOf(data), length);
}

/** An axis from the front: -1 is the last of `rank`. */
export function axisOf(axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (found < 0 || found >= rank) throw new RangeError(`axis ${axis} of a tensor with ${rank}`);
  return found;
}

/** Numbers of elements before, along and after an axis. */
export function around(dims: readonly number[], axis: number): [before: number, along: number, after: number] {
  return [sizeOf(dims.slice(0, axis)), dims[axis]!, sizeOf(dims.slice(axis + 1))];
}

/** The shape that both fit, by ONNX's multidirectional broadcasting. Throws RangeError where there is none. */
export function broadcastDims(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  const dims = new Array<number>(rank);
  for (let i = 0; i < rank; i += 1) {
    const [m, n] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (m !== n && m !== 1 && n !== 1) throw new RangeError(`shapes [${a}] and [${b}] do not fit`);
    dims[i] = m === 1 ? n : m;
  }
  return dims;
}

export function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** The elements of a value repeated to fill `dims`, which its shape fits. */
export function spread({ data, dims: own }: Value, dims: readonly number[]): Data {
  const result = like(data, sizeOf(dims));
  const offset = dims.length - own.length;
  const steps = new Array<number>(dims.length).fill(0);
  let step = 1;
  for (let i = own.length - 1; i >= 0; i -= 1) {
    if (own[i] !== 1) steps[offset + i] = step;
    step *= own[i]!;
  }
  const last = dims.length - 1;
  const [width, stride] = [dims[last] ?? 1, steps[last] ?? 0];
  const counters = new Array<number>(dims.length).fill(0);
  let from = 0;
  for (let at = 0; at < result.length; at += width) {
    if (stride === 1) result.set(data.subarray(from, from + width), at);
    else result.fill(data[from]!, at, at + width);
    for (let axis = last - 1; axis >= 0; axis -= 1) {
      counters[axis]! += 1;
      from += steps[axis]!;
      if (counters[axis]! < dims[axis]!) break;
      from -= steps[axis]! * dims[axis]!;
      counters[axis] = 0;
    }
  }
  return result;
}
