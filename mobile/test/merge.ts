/**
 * What becomes of a record when a patch meets it (sync/README.md, "Merging"). Per field the greatest clock wins; deleting is a field
 * of its own, with its clock under the empty name. The outcome depends on which patches there are, not on their order.
 */

import type { Fields } from '../src/store/types';

export const DELETED = '';
/** The name of the one clock of a record that is only ever appended. */
export const WHOLE = '*';

export interface Stored {
  readonly deleted: boolean;
  /** Also what a deleted record had: a later edit brings the whole record back. */
  readonly data: Fields;
  readonly clocks: Readonly<Record<string, string>>;
}

export interface Patch {
  readonly hlc: string;
  /** null deletes. */
  readonly set: Fields | null;
}

export interface Outcome {
  readonly status: 'applied' | 'merged' | 'stale';
  readonly stored: Stored;
  /** False when the record is what it was: a replay, or all of it older. */
  readonly moved: boolean;
}

const NOTHING: Stored = { deleted: true, data: {}, clocks: {} };

export function merge(stored: Stored | null, patch: Patch): Outcome {
  const held = stored ?? NOTHING;
  const clocks: Record<string, string> = { ...held.clocks };
  if (patch.set === null) {
    const moved = patch.hlc > (clocks[DELETED] ?? '');
    if (moved) clocks[DELETED] = patch.hlc;
    const after = { deleted: !lives(clocks), data: held.data, clocks };
    return { status: after.deleted ? 'applied' : 'stale', stored: after, moved };
  }
  const data: Record<string, unknown> = { ...held.data };
  let won = 0;
  let holds = 0;
  for (const [name, value] of Object.entries(patch.set)) {
    const clock = clocks[name] ?? '';
    if (patch.hlc > clock) {
      data[name] = value;
      clocks[name] = patch.hlc;
      won += 1;
    }
    if (patch.hlc >= clock) holds += 1;
  }
  const after = { deleted: !lives(clocks), data, clocks };
  if (after.deleted || holds === 0) return { status: 'stale', stored: after, moved: won > 0 };
  return { status: holds === Object.keys(patch.set).length ? 'applied' : 'merged', stored: after, moved: won > 0 };
}

/** The same for a record that is written once: null when it exists and this is another writing of it. */
export function append(stored: Stored | null, patch: Patch): Outcome | null {
  if (stored !== null) {
    const again = patch.set !== null && stored.clocks[WHOLE] === patch.hlc;
    return again ? { status: 'applied', stored, moved: false } : null;
  }
  if (patch.set === null) return null;
  return { status: 'applied', stored: { deleted: false, data: patch.set, clocks: { [WHOLE]: patch.hlc } }, moved: true };
}

function lives(clocks: Readonly<Record<string, string>>): boolean {
  const deleted = clocks[DELETED] ?? '';
  return Object.entries(clocks).some(([name, clock]) => name !== DELETED && clock > deleted);
}
