/**
 * The metadata of an ONNX file. No JavaScript runtime hands it out, so it is read from the protobuf itself: ModelProto's
 * field 14, `metadata_props`, is repeated StringStringEntryProto {1: key, 2: value} (onnx.proto3).
 */

import { bytes, fields, textOf } from './protobuf';

const METADATA_PROPS = 14;

/** Key to value. Throws RangeError when the file is no protobuf. */
export function readMetadata(model: Uint8Array): Map<string, string> {
  const found = new Map<string, string>();
  for (const [field, content] of fields(model)) {
    if (field !== METADATA_PROPS) continue;
    const pair = new Map(fields(bytes(content)));
    found.set(textOf(pair.get(1) ?? new Uint8Array()), textOf(pair.get(2) ?? new Uint8Array()));
  }
  return found;
}
