/** Writes small ONNX files for tests: int32 in, int32 out, opset 17. */

export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly domain?: string;
}
export type AttributeSpec =
  | { readonly i: number } | { readonly ints: readonly number[] } | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] } | { readonly tensor: TensorSpec } | { readonly graph: GraphSpec };
export interface TensorSpec {
  readonly type: number;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}
/** [name, element type, rank]. */
export type Port = readonly [name: string, type: number, rank: number];
export interface GraphSpec {
  readonly nodes: readonly NodeSpec[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

type Part = readonly number[];

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}
const number = (field: number, value: number): Part => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, content: Iterable<number>): Part => {
  const list = [...content];
  return [...varint(field * 8 + 2), ...varint(list.length), ...list];
};
const text = (field: number, value: string): Part => bytes(field, new TextEncoder().encode(value));
const floats = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

function tensor({ type, dims, values }: TensorSpec): Part {
  const content = type === 1 ? bytes(4, floats(values)) : bytes(type === 7 ? 7 : 5, values.flatMap(varint));
  return [...dims.flatMap((dim) => number(1, dim)), ...number(2, type), ...content];
}

function attribute(name: string, spec: AttributeSpec): Part {
  if ('i' in spec) return [...text(1, name), ...number(3, spec.i), ...number(20, 2)];
  if ('ints' in spec) return [...text(1, name), ...spec.ints.flatMap((value) => number(8, value)), ...number(20, 7)];
  if ('floats' in spec) return [...text(1, name), ...bytes(7, floats(spec.floats)), ...number(20, 6)];
  if ('strings' in spec) return [...text(1, name), ...spec.strings.flatMap((value) => text(9, value)), ...number(20, 8)];
  if ('tensor' in spec) return [...text(1, name), ...bytes(5, tensor(spec.tensor)), ...number(20, 4)];
  return [...text(1, name), ...bytes(6, graph(spec.graph)), ...number(20, 5)];
}

function node({ op, inputs, outputs, attributes = {}, domain = '' }: NodeSpec): Part {
  return [
    ...inputs.flatMap((name) => text(1, name)), ...outputs.flatMap((name) => text(2, name)), ...text(4, op), ...text(7, domain),
    ...Object.entries(attributes).flatMap(([name, spec]) => bytes(5, attribute(name, spec))),
  ];
}

function port([name, type, rank]: Port): Part {
  const shape = Array.from({ length: rank }, (_, i) => bytes(1, text(2, `${name}_${i}`))).flat();
  return [...text(1, name), ...bytes(2, bytes(1, [...number(1, type), ...bytes(2, shape)]))];
}

function graph({ nodes, inputs, outputs }: GraphSpec): Part {
  return [
    ...nodes.flatMap((spec) => bytes(1, node(spec))), ...text(2, 'test'),
    ...inputs.flatMap((spec) => bytes(11, port(spec))), ...outputs.flatMap((spec) => bytes(12, port(spec))),
  ];
}

/** The file. */
export function onnx(spec: GraphSpec): Uint8Array {
  const opset = (domain: string, version: number): Part => bytes(8, [...text(1, domain), ...number(2, version)]);
  return Uint8Array.from([...number(1, 8), ...opset('', 17), ...opset('ai.onnx.ml', 1), ...bytes(7, graph(spec))]);
}
