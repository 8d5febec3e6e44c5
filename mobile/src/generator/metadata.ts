/**
 * The metadata of an ONNX file. No JavaScript runtime hands it out, so it is read from the protobuf itself: ModelProto's
 * field 14, `metadata_props`, is repeated StringStringEntryProto {1: key, 2: value} (onnx.proto3).
 */

const METADATA_PROPS = 14;
const LENGTH_DELIMITED = 2;
/** Bytes that a field of the wire types 1 and 5 takes. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** [field, content] of every length-delimited field of a message; others are stepped over. Throws RangeError. */
function* fields(message: Uint8Array): Generator<[field: number, content: Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at];
      if (byte === undefined || scale > 2 ** 63) throw new RangeError('the protobuf ends within a number');
      at += 1;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) {
      varint();
      continue;
    }
    const length = type === LENGTH_DELIMITED ? varint() : FIXED[type];
    if (length === undefined || at + length > message.length) throw new RangeError('the protobuf is malformed');
    if (type === LENGTH_DELIMITED) yield [field, message.subarray(at, at + length)];
    at += length;
  }
}

/** Key to value. Throws RangeError when the file is no protobuf. */
export function readMetadata(model: Uint8Array): Map<string, string> {
  const found = new Map<string, string>();
  const text = new TextDecoder();
  for (const [field, entry] of fields(model)) {
    if (field !== METADATA_PROPS) continue;
    const pair = new Map(fields(entry));
    found.set(text.decode(pair.get(1)), text.decode(pair.get(2)));
  }
  return found;
}
