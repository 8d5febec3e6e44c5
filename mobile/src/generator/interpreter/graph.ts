/** An ONNX file as the interpreter reads it (onnx.proto3): nodes in their order, constants as values. */

import { bytes, fields, textOf, whole, wholes, type Field } from '../protobuf';
import { FLOAT, INT32, INT64, sizeOf, Unsupported, zeros, type Value } from './tensor';

export interface Attribute {
  readonly i: number;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly strings: readonly string[];
  readonly text: string;
  readonly tensor: Value | null;
  readonly graph: Graph | null;
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Value>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Of a message's fields, those with this number. */
function all(message: readonly Field[], number: number): Field[1][] {
  return message.filter(([field]) => field === number).map(([, content]) => content);
}

function one(message: readonly Field[], number: number): Field[1] | undefined {
  return message.findLast(([field]) => field === number)?.[1];
}

function number(message: readonly Field[], field: number): number {
  const found = one(message, field);
  return found === undefined ? 0 : whole(found);
}

function text(message: readonly Field[], field: number): string {
  const found = one(message, field);
  return found === undefined ? '' : textOf(found);
}

function floatsOf(content: Field[1]): number[] {
  const raw = bytes(content);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** TensorProto: its elements stand in `raw_data`, little-endian, or in a field of their type. */
function tensorOf(message: readonly Field[]): Value {
  const dims = all(message, 1).flatMap(wholes);
  const type = number(message, 2);
  const data = zeros(type, sizeOf(dims));
  const raw = one(message, 9);
  let elements: number[];
  if (raw !== undefined) {
    const content = bytes(raw);
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    const width = content.length / Math.max(data.length, 1);
    elements = Array.from(data, (_, i) => {
      if (type === FLOAT) return view.getFloat32(i * width, true);
      if (type === INT32) return view.getInt32(i * width, true);
      if (type === INT64) return view.getUint32(i * width, true) + view.getInt32(i * width + 4, true) * 2 ** 32;
      return view.getUint8(i * width);
    });
  } else {
    const field = type === FLOAT ? 4 : type === INT64 ? 7 : 5;
    elements = all(message, field).flatMap(type === FLOAT ? floatsOf : wholes);
  }
  if (elements.length !== data.length) throw new RangeError('a tensor has more or fewer elements than its shape says');
  data.set(elements);
  return { data, dims };
}

function attributeOf(message: readonly Field[]): Attribute {
  const tensor = one(message, 5);
  const graph = one(message, 6);
  return {
    i: number(message, 3),
    text: text(message, 4),
    tensor: tensor === undefined ? null : tensorOf([...fields(bytes(tensor))]),
    graph: graph === undefined ? null : graphOf([...fields(bytes(graph))]),
    floats: all(message, 7).flatMap(floatsOf),
    ints: all(message, 8).flatMap(wholes),
    strings: all(message, 9).map(textOf),
  };
}

function nodeOf(message: readonly Field[]): Node {
  const attributes = all(message, 5).map((content): [string, Attribute] => {
    const attribute = [...fields(bytes(content))];
    return [text(attribute, 1), attributeOf(attribute)];
  });
  return {
    op: text(message, 4),
    inputs: all(message, 1).map(textOf),
    outputs: all(message, 2).map(textOf),
    attributes: new Map(attributes),
  };
}

function graphOf(message: readonly Field[]): Graph {
  const names = (field: number): string[] => all(message, field).map((content) => text([...fields(bytes(content))], 1));
  const constants = all(message, 5).map((content): [string, Value] => {
    const tensor = [...fields(bytes(content))];
    return [text(tensor, 8), tensorOf(tensor)];
  });
  return {
    nodes: all(message, 1).map((content) => nodeOf([...fields(bytes(content))])),
    constants: new Map(constants),
    inputs: names(11),
    outputs: names(12),
  };
}

/** The graph of a file. Throws RangeError when it is no protobuf, Unsupported when it has no graph. */
export function readGraph(model: Uint8Array): Graph {
  const graph = one([...fields(model)], 7);
  if (graph === undefined) throw new Unsupported('the file has no graph');
  return graphOf([...fields(bytes(graph))]);
}
