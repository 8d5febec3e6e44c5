/** Engines, and the models that are open in them: the engine is loaded while the interpreter already works. */

import { openInterpreter } from './interpreter';
import { openLearner, type Learner } from './learner';
import { openGenerator, type Generator } from './runtime';
import type { Engine } from './session';

/** Longer than this nobody waits for the engine: the interpreter comes to the same, and is there at once. */
const PATIENCE_MS = 150;

/** A model as far as opening it goes. */
export interface Openable {
  readonly sha256: string;
  readonly content: Uint8Array;
}

export interface SessionsAround {
  /** Throws where onnxruntime cannot be had. */
  engine(): Promise<Engine>;
  pause(ms: number): Promise<void>;
  /** The model that a routine is first asked of. */
  best(): Promise<Openable>;
  learner(): Promise<Openable>;
}

export interface Sessions {
  readonly interpreter: Engine;
  /** The engine, once it is loaded; the interpreter where there is none. */
  engine(): Promise<Engine>;
  /** What to work with now: the engine if the best model is open in it soon, else the interpreter. */
  now(): Promise<Engine>;
  /** Until the best model is open in the engine. Throws when it cannot be read. */
  prepare(): Promise<Engine>;
  /** Name of what works now. */
  readonly name: string;
  /** Another model is best. */
  changed(): void;
  /** No more of the engine until the app starts anew. */
  giveUp(): void;
  generator(model: Openable, on: Engine): Promise<Generator>;
  learner(on: Engine): Promise<Learner>;
}

export function openSessions(around: SessionsAround): Sessions {
  const interpreter = openInterpreter();
  let loading: Promise<Engine> | null = null;
  /** The engine once the best model is open in it. */
  let ready: Engine | null = null;
  let preparing: Promise<Engine> | null = null;
  const generators = new Map<string, Promise<Generator>>();
  const learners = new Map<string, Promise<Learner>>();

  const engine = (): Promise<Engine> => (loading ??= around.engine().catch(() => interpreter));
  const generator = (model: Openable, on: Engine): Promise<Generator> => kept(generators, `${on.name}/${model.sha256}`, async () => (
    openGenerator(model.content, model.sha256, (await on.open(model.content)).run)
  ));
  function prepare(): Promise<Engine> {
    preparing ??= (async () => {
      const [on, model] = [await engine(), await around.best()];
      // A model that does not open fails where a routine is asked for, and is counted there.
      await generator(model, on).catch(() => undefined);
      return (ready = on);
    })();
    preparing.catch(() => (preparing = null));
    return preparing;
  }
  return {
    interpreter,
    engine,
    prepare,
    generator,
    now: async () => ready ?? Promise.race([prepare(), around.pause(PATIENCE_MS).then(() => interpreter)]),
    get name() { return (ready ?? interpreter).name; },
    changed: () => {
      ready = preparing = null;
    },
    giveUp: () => {
      loading = preparing = Promise.resolve((ready = interpreter));
    },
    learner: (on) => kept(learners, on.name, async () => {
      const { content, sha256 } = await around.learner();
      return openLearner(content, sha256, (await on.open(content)).run);
    }),
  };
}

/** What was made under this key, made now where it is not there; what failed is made anew. */
function kept<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let found = made.get(key);
  if (found === undefined) {
    found = make();
    found.catch(() => made.delete(key));
    made.set(key, found);
  }
  return found;
}
