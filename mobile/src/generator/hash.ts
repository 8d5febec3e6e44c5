/** The integer hashes that noise and exploration are made of. */

/** FNV-1a, 32 bits unsigned (Fowler, Noll, Vo). */
export function fnv1aOfBytes(bytes: Uint8Array): number {
  let h = 2166136261;
  for (const byte of bytes) h = Math.imul(h ^ byte, 16777619);
  return h >>> 0;
}

/** FNV-1a of the UTF-8 bytes. */
export function fnv1a(text: string): number {
  return fnv1aOfBytes(new TextEncoder().encode(text));
}

/** A hash and a seed through MurmurHash3's finaliser (Appleby, public domain); unsigned. */
export function mix(hash: number, seed: number): number {
  let h = hash ^ Math.imul(seed, 0x9e3779b9);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Half to even, as Python and IEEE 754 round. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
