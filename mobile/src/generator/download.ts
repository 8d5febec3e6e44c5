/** Download of one content-addressed file, which may be interrupted as often as the network likes. */

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

import { Refused } from './manifest';
import type { Files } from './models';

/** One answer of the server to a GET of `path`, which begins with a slash. Throws where there is no answer. */
export type Get = (path: string, headers: Readonly<Record<string, string>>) => Promise<Response>;

export function sha256Of(content: Uint8Array): string {
  return bytesToHex(sha256(content));
}

/** The download stopped on the way; the next try goes on from there. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Bring the file `name` to hold exactly the `size` bytes with this SHA-256; returns how many came.
 *
 * What an earlier try left in `<name>.part` is continued by Range. A whole file with another hash is thrown away: Refused.
 */
export async function download(
  files: Files, get: Get, path: string, name: string, sha256: string, size: number,
): Promise<number> {
  const part = `${name}.part`;
  let have = (await files.read(part)) ?? new Uint8Array();
  if (have.length > size) have = new Uint8Array();
  let came = 0;
  // What was left may be worthless, or the server may not continue it: then once more from the first byte.
  for (const from of have.length > 0 ? [have, new Uint8Array()] : [have]) {
    const whole = from.length < size ? await bring(files, get, path, part, from, size) : from;
    came += Math.max(whole.length - from.length, 0);
    if (whole.length === size && sha256Of(whole) === sha256) {
      await files.write(name, whole);
      await files.remove(part);
      return came;
    }
    if (whole.length > 0 && whole.length < size) throw new Interrupted(`${name} is incomplete; the next sync continues it`);
  }
  await files.remove(part);
  throw new Refused(`${name} was damaged on the way: its hash is not the signed one`);
}

/** What was held and what the server sent after it; empty where it cannot continue. A broken answer leaves a part. */
async function bring(
  files: Files, get: Get, path: string, part: string, have: Uint8Array, size: number,
): Promise<Uint8Array> {
  const response = await get(path, have.length > 0 ? { Range: `bytes=${have.length}-` } : {});
  if (response.status === 416) return new Uint8Array();
  if (response.status !== 200 && response.status !== 206) {
    throw new Refused(`the server answered ${response.status} to the download of ${part.slice(0, 12)}`);
  }
  if (response.status === 206) {
    const said = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
    if (said === null || Number(said[1]) !== have.length) {
      await files.remove(part);
      throw new Refused(`the server sent another part of ${part.slice(0, 12)} than the one asked for`);
    }
  }
  const start = response.status === 206 ? have : new Uint8Array();
  const { content, whole } = await read(response, size - start.length);
  const joined = new Uint8Array(start.length + content.length);
  joined.set(start);
  joined.set(content, start.length);
  if (joined.length > size) {
    await files.remove(part);
    throw new Refused(`${part.slice(0, 12)} is longer than the signed manifest says`);
  }
  if (!whole || joined.length < size) {
    if (joined.length > 0) await files.write(part, joined);
    throw new Interrupted(`${part.slice(0, 12)} is incomplete; the next sync continues it`);
  }
  return joined;
}

/** The body as far as it came, at most one byte more than `most`. Phones give it in one piece or not at all. */
async function read(response: Response, most: number): Promise<{ content: Uint8Array; whole: boolean }> {
  if (!response.body) return { content: new Uint8Array(await response.arrayBuffer()), whole: true };
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let whole = false;
  try {
    while (length <= most) {
      const { done, value } = await reader.read();
      whole = done;
      if (done) break;
      chunks.push(value);
      length += value.length;
    }
  } catch {
    whole = false;
  }
  if (length > most) await reader.cancel();
  const content = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.length;
  }
  return { content, whole: whole || length > most };
}
