/** What works on each element by itself: arithmetic in 32 bits, comparisons, choices, casts. */

import {
  BOOL, broadcastDims, FLOAT, INT32, INT64, like, sameDims, sizeOf, spread, typeOf, Unsupported, zeros, type Data, type Value,
} from './tensor';

/** Up to here a double holds every whole number. */
const EXACT = Number.MAX_SAFE_INTEGER;

/** `r[i] = a[i * s] ∘ b[i * t]`, where s and t are 1, or 0 for a single element that serves all. */
type Loop = (r: Data, a: Data, s: number, b: Data, t: number) => void;

// A loop for each operator, not one that calls a function for each element: several times as fast in Hermes, which compiles
// nothing. An array of 32 bits wraps what is stored in it, as the contract's integers do.
const LOOPS: Readonly<Record<string, Loop>> = {
  Add(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! + b[i * t]!;
  },
  Sub(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! - b[i * t]!;
  },
  Mul(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! * b[i * t]!;
  },
  /** A double cannot hold every product of two numbers of 32 bits; nearly all are small, and a call costs more than a look. */
  MulInt32(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) {
      const product = a[i * s]! * b[i * t]!;
      r[i] = product < EXACT && product > -EXACT ? product : Math.imul(a[i * s]!, b[i * t]!);
    }
  },
  Div(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! / b[i * t]!;
  },
  /** Integers are divided towards zero. */
  DivInteger(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = Math.trunc(a[i * s]! / b[i * t]!);
  },
  Max(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! > b[i * t]! ? a[i * s]! : b[i * t]!;
  },
  Min(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! < b[i * t]! ? a[i * s]! : b[i * t]!;
  },
  And(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! & b[i * t]!;
  },
  Or(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! | b[i * t]!;
  },
  Equal(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s] === b[i * t] ? 1 : 0;
  },
  Less(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! < b[i * t]! ? 1 : 0;
  },
  LessOrEqual(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! <= b[i * t]! ? 1 : 0;
  },
  Greater(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! > b[i * t]! ? 1 : 0;
  },
  GreaterOrEqual(r, a, s, b, t) {
    for (let i = 0; i < r.length; i += 1) r[i] = a[i * s]! >= b[i * t]! ? 1 : 0;
  },
};

const LOGICAL = ['And', 'Or', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'];

function loopOf(op: string, type: number): Loop {
  if (op === 'Mul' && type === INT32) return LOOPS.MulInt32!;
  if (op === 'Div' && type !== FLOAT) return LOOPS.DivInteger!;
  return LOOPS[op]!;
}

/** An operator of two values, or of any number of them where `op` is Max or Min. */
export function pairwise(op: string): (inputs: readonly Value[]) => Value {
  const logical = LOGICAL.includes(op);
  return (inputs) => inputs.slice(1).reduce((a, b) => {
    const type = typeOf(a.data);
    if (typeOf(b.data) !== type) throw new Unsupported(`${op} of two element types`);
    const dims = sameDims(a.dims, b.dims) ? a.dims : broadcastDims(a.dims, b.dims);
    const size = sizeOf(dims);
    const [left, s] = operand(a, dims, size);
    const [right, t] = operand(b, dims, size);
    const data = logical ? new Uint8Array(size) : like(a.data, size);
    loopOf(op, type)(data, left, s, right, t);
    return { data, dims };
  }, inputs[0]!);
}

/** The elements to go through, and the step: all of them, or one that serves all. */
function operand(value: Value, dims: readonly number[], size: number): [data: Data, step: number] {
  if (value.data.length === size) return [value.data, 1];
  return value.data.length === 1 ? [value.data, 0] : [spread(value, dims), 1];
}

export function where([condition, yes, no]: readonly Value[]): Value {
  const dims = broadcastDims(condition!.dims, broadcastDims(yes!.dims, no!.dims));
  const size = sizeOf(dims);
  const [c, r] = operand(condition!, dims, size);
  const [a, s] = operand(yes!, dims, size);
  const [b, t] = operand(no!, dims, size);
  const data = like(yes!.data, size);
  for (let i = 0; i < size; i += 1) data[i] = c[i * r] ? a[i * s]! : b[i * t]!;
  return { data, dims };
}

export function not([value]: readonly Value[]): Value {
  const { data, dims } = value!;
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 1) result[i] = data[i] ? 0 : 1;
  return { data: result, dims };
}

export function abs([value]: readonly Value[]): Value {
  const { data, dims } = value!;
  const result = like(data, data.length);
  for (let i = 0; i < data.length; i += 1) result[i] = Math.abs(data[i]!);
  return { data: result, dims };
}

/** Towards zero from float to integer, as C does; anything but 0 is true. */
export function cast(type: number): (inputs: readonly Value[]) => Value {
  return ([value]) => {
    const { data, dims } = value!;
    if (typeOf(data) === type) return value!;
    const result = zeros(type, data.length);
    if (type === BOOL) for (let i = 0; i < data.length; i += 1) result[i] = data[i] === 0 ? 0 : 1;
    else if (type === INT64) for (let i = 0; i < data.length; i += 1) result[i] = Math.trunc(data[i]!);
    else result.set(data);
    return { data: result, dims };
  };
}
