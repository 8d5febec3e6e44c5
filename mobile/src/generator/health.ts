/**
 * How this device's models do on it: counters and a latency histogram, reported when it syncs. Nothing is lost or counted
 * twice: counters are moved into a report that keeps its id and is sent until the server has answered (sync/health.py).
 */

import type { Files } from './models';

export const COUNTS = ['runs', 'failures', 'rejections', 'completed', 'skipped', 'swapped', 'pain'] as const;
export type Count = (typeof COUNTS)[number];
/** Upper ends of the latency buckets, milliseconds; one more bucket holds what is slower. */
export const BOUNDS_MS = [1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 500, 1000];

const NAME = 'health.json';
const MOST = 1_000_000;
const MOST_MODELS = 8;

export type Counters = Readonly<Record<Count, number>> & { readonly latency: readonly number[] };

/** The member `health` of `/v1/sync`, and the body of `/v1/models/health`. */
export interface HealthReport {
  readonly id: string;
  readonly models: readonly ({ readonly sha256: string; readonly channel: string } & Counters)[];
}

interface Kept {
  /** By `<sha256>/<channel>`. */
  readonly waiting: Readonly<Record<string, Counters>>;
  readonly report: HealthReport | null;
}

export interface Health {
  /** Count for a model; `tookMs`: the length of one of its runs. */
  note(sha256: string, channel: string, counts: Partial<Record<Count, number>>, tookMs?: number): Promise<void>;
  /** The report to send: the one that waits, else one made of the counters, which begin at 0 again; null: nothing. */
  pending(): Promise<HealthReport | null>;
  /** The server has answered to the report with this id. */
  counted(id: string): Promise<void>;
}

const NOTHING: Counters = {
  runs: 0, failures: 0, rejections: 0, completed: 0, skipped: 0, swapped: 0, pain: 0,
  latency: new Array<number>(BOUNDS_MS.length + 1).fill(0),
};

/** Index of the bucket that a run of this length belongs to. */
export function bucket(ms: number): number {
  const found = BOUNDS_MS.findIndex((end) => ms <= end);
  return found < 0 ? BOUNDS_MS.length : found;
}

/** `work` changes what is kept, one after the other; `uuid` makes the ids of reports. */
export function openHealth(files: Files, uuid: () => string, inTurn: <T>(work: () => Promise<T>) => Promise<T>): Health {
  const recall = async (): Promise<Kept> => {
    const content = await files.read(NAME);
    return content === null ? { waiting: {}, report: null } : (readJson(content) as Kept | null) ?? { waiting: {}, report: null };
  };
  const remember = (kept: Kept): Promise<void> => files.write(NAME, new TextEncoder().encode(JSON.stringify(kept)));
  return {
    note: (sha256, channel, counts, tookMs) => inTurn(async () => {
      const kept = await recall();
      const name = `${sha256}/${channel}`;
      const held = kept.waiting[name] ?? NOTHING;
      const added = Object.fromEntries(COUNTS.map((count) => [count, Math.min(held[count] + (counts[count] ?? 0), MOST)]));
      const latency = [...held.latency];
      if (tookMs !== undefined && added.runs! > latency.reduce((sum, n) => sum + n, 0)) latency[bucket(tookMs)]! += 1;
      await remember({ ...kept, waiting: { ...kept.waiting, [name]: { ...added, latency } as unknown as Counters } });
    }),
    pending: () => inTurn(async () => {
      const kept = await recall();
      const names = Object.keys(kept.waiting).sort();
      if (kept.report !== null || names.length === 0) return kept.report;
      const models = names.slice(0, MOST_MODELS).map((name) => {
        const [sha256, channel] = name.split('/') as [string, string];
        return { sha256, channel, ...kept.waiting[name]! };
      });
      const report = { id: uuid(), models };
      const rest = names.slice(MOST_MODELS).map((name) => [name, kept.waiting[name]!] as const);
      await remember({ waiting: Object.fromEntries(rest), report });
      return report;
    }),
    counted: (id) => inTurn(async () => {
      const kept = await recall();
      if (kept.report?.id === id) await remember({ ...kept, report: null });
    }),
  };
}

/** The JSON of a file, null where it is damaged: what was counted is then lost, and nothing else. */
export function readJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(content));
  } catch {
    return null;
  }
}
