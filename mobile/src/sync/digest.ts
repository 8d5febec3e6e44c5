/** SHA-256 and the digests built on it: of one document, and of a whole copy from the digests of its documents. */

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

import { canonical } from '@/generator/canonical';

/** Lower-case hex. */
export function sha256Hex(body: Uint8Array | string): string {
  return bytesToHex(sha256(typeof body === 'string' ? utf8ToBytes(body) : body));
}

export function documentDigest(data: unknown): string {
  return sha256Hex(canonical(data));
}

/** Digest of all live documents: two levels, so that one that changed is the only one to hash again. */
export function copyDigest(digests: Iterable<readonly [collection: string, id: string, digest: string]>): string {
  const nested: Record<string, Record<string, string>> = {};
  for (const [collection, id, digest] of digests) (nested[collection] ??= {})[id] = digest;
  return documentDigest(nested);
}
