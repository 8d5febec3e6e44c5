/** The generator as screens use it: a model that is loaded, and what it makes. `open.ts` opens one. */

import type { Catalog } from './catalog';
import type { Routine } from './decode';
import type { Count } from './health';

/** The payload of `scripts/generate`, `POST /v1/routines` and a session record. */
export interface Payload {
  readonly request: {
    readonly kind: string;
    readonly activity: string | { muscles?: Record<string, number>; moves?: Record<string, number>; explosive?: number; met?: number };
    readonly budget_s: number;
    readonly local_time?: string | null;
    readonly gap_s?: number | null;
  };
  readonly profile?: Readonly<Record<string, unknown>>;
  readonly history?: Readonly<Record<string, unknown>>;
  readonly seed?: number;
  readonly explore?: boolean;
}

/** One generated routine, and all that a session record needs to replay it. */
export interface Made {
  readonly routine: Routine;
  readonly payload: Payload;
  /** SHA-256 of the model file, hex. */
  readonly model: string;
  readonly catalog: number;
  /** Per phase: slugs that this person may do here instead, best first, from the same run of the graph. */
  readonly instead: Readonly<Record<string, readonly string[]>>;
}

/** Numbers of the report on how a model does (sync/health.py). */
export type Counts = Partial<Record<Count, number>>;

export interface Maker {
  readonly catalog: Catalog;
  /** SHA-256 of the model in use. */
  readonly model: string;
  /** `onnxruntime-web 1.24.3`, `onnxruntime-react-native …` or `interpreter`. */
  readonly runtime: string;
  /**
   * Throws RequestError (a wish that cannot be met; field and sentence) and nothing else: where a model fails, the previous
   * one and then the interpreter take over.
   */
  make(payload: Payload): Promise<Made>;
  /** Rows of feedback of one session into the learned state (text), which it returns. */
  learn(learned: string | null, feedback: readonly { slug: string; outcome: string; rating: number | null; pain: number }[]): Promise<string>;
  /** Counts what became of the items of a routine that this model made, for its anonymous report. */
  countOutcomes(model: string, counts: Counts): Promise<void>;
  /** What the state says: taste and its points, strongest first. */
  tastes(learned: string | null): Promise<{ name: string; points: number }[]>;
}
