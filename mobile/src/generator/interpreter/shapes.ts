/** What moves elements about, or says how many there are. */

import type { Attribute } from './graph';
import { around, axisOf, broadcastDims, like, sameDims, sizeOf, spread, type Value } from './tensor';

type Attributes = ReadonlyMap<string, Attribute>;
type Work = (inputs: readonly Value[]) => Value;

export function gather(attributes: Attributes): Work {
  const wanted = attributes.get('axis')?.i ?? 0;
  return ([from, places]) => {
    const axis = axisOf(wanted, from!.dims.length);
    const [before, along, after] = around(from!.dims, axis);
    const count = places!.data.length;
    const data = like(from!.data, before * count * after);
    let at = 0;
    for (let outer = 0; outer < before; outer += 1) {
      for (let i = 0; i < count; i += 1) {
        const place = places!.data[i]! < 0 ? places!.data[i]! + along : places!.data[i]!;
        if (place < 0 || place >= along) throw new RangeError(`there is no place ${place} among ${along}`);
        const start = (outer * along + place) * after;
        if (after === 1) data[at] = from!.data[start]!;
        else data.set(from!.data.subarray(start, start + after), at);
        at += after;
      }
    }
    return { data, dims: [...from!.dims.slice(0, axis), ...places!.dims, ...from!.dims.slice(axis + 1)] };
  };
}

export function concat(attributes: Attributes): Work {
  const wanted = attributes.get('axis')?.i ?? 0;
  return (inputs) => {
    const axis = axisOf(wanted, inputs[0]!.dims.length);
    const dims = [...inputs[0]!.dims];
    dims[axis] = inputs.reduce((sum, value) => sum + value.dims[axis]!, 0);
    const [before, along, after] = around(dims, axis);
    const data = like(inputs[0]!.data, before * along * after);
    let offset = 0;
    for (const value of inputs) {
      const width = value.dims[axis]! * after;
      for (let outer = 0; outer < before; outer += 1) {
        data.set(value.data.subarray(outer * width, (outer + 1) * width), outer * along * after + offset);
      }
      offset += width;
    }
    return { data, dims };
  };
}

export function reshape(attributes: Attributes): Work {
  const allowZero = attributes.get('allowzero')?.i === 1;
  return ([value, shape]) => {
    const dims = Array.from(shape!.data, (dim, i) => (dim === 0 && !allowZero ? value!.dims[i]! : dim));
    const open = dims.indexOf(-1);
    if (open >= 0) dims[open] = value!.data.length / sizeOf(dims.filter((_, i) => i !== open));
    if (sizeOf(dims) !== value!.data.length) throw new RangeError(`[${value!.dims}] does not fill [${dims}]`);
    return { data: value!.data, dims };
  };
}

export function shape(attributes: Attributes): Work {
  const [start, end] = [attributes.get('start')?.i ?? 0, attributes.get('end')?.i];
  return ([value]) => {
    const dims = value!.dims.slice(start, end);
    return { data: Float64Array.from(dims), dims: [dims.length] };
  };
}

export function expand([value, wanted]: readonly Value[]): Value {
  const dims = broadcastDims(value!.dims, [...wanted!.data]);
  return sameDims(dims, value!.dims) ? value! : { data: spread(value!, dims), dims };
}

export function unsqueeze([value, axes]: readonly Value[]): Value {
  const rank = value!.dims.length + axes!.data.length;
  const added = new Set(Array.from(axes!.data, (axis) => axisOf(axis, rank)));
  const own = [...value!.dims];
  return { data: value!.data, dims: Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : own.shift()!)) };
}
