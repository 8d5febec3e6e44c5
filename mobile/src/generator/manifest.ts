/** The signed statement about one model, as a device reads it: every member's type and range is looked at. */

/** Something that this device does not let in; the message says why. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface ModelManifest {
  readonly sequence: number;
  readonly sha256: string;
  readonly bytes: number;
  readonly contract: number;
  readonly channel: string;
  readonly catalogMin: number;
  readonly catalogMax: number | null;
  readonly goldenSha256: string;
  readonly goldenBytes: number;
  /** RFC 3339. */
  readonly expiresAt: string;
  readonly operators: readonly string[];
  readonly withdrawn: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

function member(body: Fields, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

function unusable(name: string): Refused {
  return new Refused(`the signed manifest has no usable '${name}'`);
}

function count(body: Fields, name: string): number {
  const value = member(body, name);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw unusable(name);
  return value;
}

function text(body: Fields, name: string): string {
  const value = member(body, name);
  if (typeof value !== 'string') throw unusable(name);
  return value;
}

function names(body: Fields, name: string, preset?: readonly string[]): readonly string[] {
  const value = member(body, name) ?? preset;
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) throw unusable(name);
  return value;
}

/** A content hash. It becomes a file's name, so its form matters. */
function sha256(body: Fields): string {
  const value = text(body, 'sha256');
  if (!/^[0-9a-f]{64}$/.test(value)) throw unusable('sha256');
  return value;
}

function instant(body: Fields, name: string): string {
  const value = text(body, name);
  if (!/^\d{4}-\d{2}-\d{2}T.+(?:Z|[+-]\d{2}:\d{2})$/.test(value) || Number.isNaN(Date.parse(value))) throw unusable(name);
  return value;
}

/** Read a verified manifest. Throws Refused when it speaks of something else or lacks a member. */
export function readManifest(manifest: Fields): ModelManifest {
  if (member(manifest, 'kind') !== 'model') throw new Refused('the signed manifest is not one of a model');
  const golden = member(manifest, 'golden');
  if (typeof golden !== 'object' || golden === null) throw unusable('golden');
  const catalogMax = member(manifest, 'catalog_max') ?? null;
  return {
    sequence: count(manifest, 'sequence'),
    sha256: sha256(manifest),
    bytes: count(manifest, 'bytes'),
    contract: count(manifest, 'contract'),
    channel: text(manifest, 'channel'),
    catalogMin: count(manifest, 'catalog_min'),
    catalogMax: catalogMax === null ? null : count(manifest, 'catalog_max'),
    goldenSha256: sha256(golden as Fields),
    goldenBytes: count(golden as Fields, 'bytes'),
    expiresAt: instant(manifest, 'expires_at'),
    operators: names(manifest, 'operators'),
    withdrawn: names(manifest, 'withdrawn', []),
  };
}
