/**
 * Whom a device believes: Ed25519 signatures over canonical JSON (sync/signing.py), by keys that are pinned once and then followed
 * from statement to statement (sync/trust.py).
 */

import * as ed25519 from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

import { canonical } from '@/generator/canonical';

import { isObject, type Fields } from './answers';
import { Refused, SignatureInvalid } from './errors';

// Web Crypto is missing on phones and on pages without TLS.
ed25519.hashes.sha512 = sha512;

/** {key id: public key as base64url}. */
export type Keys = Readonly<Record<string, string>>;

export interface Trust {
  readonly keys: Keys;
  /** Of keys that end: RFC 3339. */
  readonly until: Readonly<Record<string, string>>;
  /** Of the last statement. */
  readonly sequence: number;
}

const MOST_SEQUENCE = 2 ** 31;
const SIGNATURE_BYTES = 64;

/** The manifest of an envelope signed by one of `trusted`. Throws SignatureInvalid. */
export function verify(envelope: unknown, trusted: Keys): Fields {
  if (!isObject(envelope)) throw new SignatureInvalid('the signed envelope is not an object');
  const { manifest, key_id: signer, signature } = envelope;
  if (!isObject(manifest) || typeof signer !== 'string' || typeof signature !== 'string') {
    throw new SignatureInvalid('the signed envelope lacks manifest, key_id or signature');
  }
  const key = Object.hasOwn(trusted, signer) ? trusted[signer] : undefined;
  if (key === undefined) throw new SignatureInvalid(`signed by key ${signer.slice(0, 16)}, which is not trusted here`);
  if (!fits(manifest, signature, publicBytes(signer, key))) {
    throw new SignatureInvalid(`the signature of key ${signer} does not fit the manifest`);
  }
  return manifest;
}

/** A trust document as keys. Throws Refused. */
export function parseTrust(document: unknown): Keys {
  const entries = isObject(document) ? document.keys : null;
  if (!Array.isArray(entries) || entries.length === 0) throw new Refused('the server shows no usable keys');
  return Object.fromEntries(entries.map((entry: unknown) => {
    const { key_id: id, public_key: key } = isObject(entry) ? entry : {};
    if (typeof id !== 'string' || typeof key !== 'string' || publicBytes(id, key) === null) {
      throw new Refused('the server shows no usable keys');
    }
    return [id, key];
  }));
}

/** The keys that are trusted at that moment, milliseconds since 1970. */
export function keysAt(trust: Trust, nowMs: number): Keys {
  const ended = (id: string): boolean => trust.until[id] !== undefined && Date.parse(trust.until[id]) <= nowMs;
  return Object.fromEntries(Object.entries(trust.keys).filter(([id]) => !ended(id)));
}

/**
 * The trust after every statement that is newer than the last one and signed by a key trusted by then. Whatever else is among
 * `statements` changes nothing: they come from a server that nobody vouches for.
 */
export function follow(trust: Trust, statements: unknown, nowMs: number): Trust {
  if (!Array.isArray(statements)) return trust;
  const fresh = statements
    .map((envelope: unknown) => ({ envelope, manifest: isObject(envelope) && isObject(envelope.manifest) ? envelope.manifest : {} }))
    .filter(({ manifest }) => manifest.kind === 'trust' && isSequence(manifest.sequence))
    .sort((a, b) => (a.manifest.sequence as number) - (b.manifest.sequence as number));
  let known = trust;
  for (const { envelope, manifest } of fresh) {
    if ((manifest.sequence as number) <= known.sequence) continue;
    try {
      verify(envelope, keysAt(known, nowMs));
      const named: Trust = { keys: parseTrust(manifest), until: endings(manifest.keys), sequence: manifest.sequence as number };
      if (Object.keys(keysAt(named, nowMs)).length > 0) known = named;
    } catch (error) {
      if (!(error instanceof SignatureInvalid || error instanceof Refused)) throw error;
    }
  }
  return known;
}

/** `until` of the keys that have one. Throws Refused for one that is no instant. */
function endings(entries: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of entries as readonly Fields[]) {
    if (entry.until === null || entry.until === undefined || entry.until === '') continue;
    if (typeof entry.until !== 'string' || Number.isNaN(Date.parse(entry.until))) throw new Refused('a key ends at no instant');
    found[entry.key_id as string] = entry.until;
  }
  return found;
}

function isSequence(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < MOST_SEQUENCE;
}

function fits(manifest: Fields, signature: string, key: Uint8Array | null): boolean {
  const raw = fromBase64Url(signature);
  if (key === null || raw === null || raw.length !== SIGNATURE_BYTES) return false;
  try {
    return ed25519.verify(raw, utf8ToBytes(canonical(manifest)), key);
  } catch {
    return false; // a key or a signature that is no point of the curve
  }
}

/** The 32 bytes of a public key whose id is `id`; null for any other text. */
function publicBytes(id: string, key: string): Uint8Array | null {
  const raw = fromBase64Url(key);
  return raw !== null && raw.length === 32 && bytesToHex(sha256(raw)).slice(0, 16) === id ? raw : null;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Strict base64url without padding, one text for one value; null for any other text. */
export function fromBase64Url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null;
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const digit of text) {
    const value = DIGITS.indexOf(digit);
    if (value < 0) return null;
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? Uint8Array.from(bytes) : null;
}
