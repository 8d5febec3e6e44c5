import { hex } from '@/sync/clock';

/** A UUID of version 7 (RFC 9562, section 5.7) of a Unix time in milliseconds and 10 random bytes. */
export function uuid7(wallMs: number, random: Uint8Array): string {
  const bytes = [...random.slice(0, 10)];
  bytes[0] = (bytes[0]! & 0x0f) | 0x70;
  bytes[2] = (bytes[2]! & 0x3f) | 0x80;
  const text = hex(wallMs, 12) + toHex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

export function toHex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => hex(byte, 2)).join('');
}
