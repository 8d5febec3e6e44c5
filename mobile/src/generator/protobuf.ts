/** Just enough of the protobuf wire format to read an ONNX file (protobuf.dev/programming-guides/encoding). */

/** A field's number, and its content: a whole number of wire type 0, else the bytes. */
export type Field = readonly [field: number, content: number | Uint8Array];

const [VARINT, LENGTH_DELIMITED] = [0, 2];
/** Bytes that a field of the wire types 1 and 5 takes. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
/** Seven bits a byte: 64 bits. */
const LONGEST = 10;

/** A signed 64-bit number, exact within ±2^53, and where it ends. Throws RangeError. */
function varint(message: Uint8Array, start: number): [value: number, end: number] {
  // In parts of 28, 28 and 8 bits, the high ones added first: so a negative number, whose high bits are all set, stays exact.
  const parts = [0, 0, 0];
  for (let i = 0; ; i += 1) {
    const byte = message[start + i];
    if (byte === undefined || i >= LONGEST) throw new RangeError('the protobuf ends within a number');
    parts[i >> 2]! += (byte & 127) * 2 ** (7 * (i & 3));
    if (byte < 128) {
      const [low, middle, high] = parts as [number, number, number];
      return [low + (middle + (high < 128 ? high : high - 256) * 2 ** 28) * 2 ** 28, start + i + 1];
    }
  }
}

/** The fields of a message in their order. Throws RangeError when it is no protobuf. */
export function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  let tag: number;
  while (at < message.length) {
    [tag, at] = varint(message, at);
    const [field, type] = [Math.floor(tag / 8), tag & 7];
    if (type === VARINT) {
      let value: number;
      [value, at] = varint(message, at);
      yield [field, value];
      continue;
    }
    let length = FIXED[type];
    if (type === LENGTH_DELIMITED) [length, at] = varint(message, at);
    if (length === undefined || length < 0 || at + length > message.length) throw new RangeError('the protobuf is malformed');
    yield [field, message.subarray(at, at + length)];
    at += length;
  }
}

/** Of a field that holds bytes. Throws RangeError for a number. */
export function bytes(content: Field[1]): Uint8Array {
  if (typeof content === 'number') throw new RangeError('the protobuf has a number where bytes belong');
  return content;
}

/** Of a field that holds a whole number. Throws RangeError for bytes. */
export function whole(content: Field[1]): number {
  if (typeof content !== 'number') throw new RangeError('the protobuf has bytes where a number belongs');
  return content;
}

/** Of a repeated field of whole numbers: one of them, or all packed together. */
export function wholes(content: Field[1]): number[] {
  if (typeof content === 'number') return [content];
  const found: number[] = [];
  for (let at = 0; at < content.length;) {
    let value: number;
    [value, at] = varint(content, at);
    found.push(value);
  }
  return found;
}

export function textOf(content: Field[1]): string {
  return new TextDecoder().decode(bytes(content));
}
