/**
 * The generator as the app uses it: opens the models that this device holds and makes routines with them. Where a model
 * fails the previous one takes over, then the one that came with the app, then the interpreter: never a dead screen.
 */

import type { Store } from '../store/types';
import bundle from '../../assets/models/bundle.json';
import { readCatalog, type Catalog } from './catalog';
import { proveGolden } from './golden';
import { insteadOf } from './instead';
import { fromText, initialState, tastesOf, toText, update, type Learner, type Taste } from './learner';
import type { Counts, Made, Maker, Payload } from './maker';
import { openModels, type Files, type Models, type ModelStore, type Usable } from './models';
import { RequestError } from './request';
import { reward } from './rewards';
import { UnsafePlan, work } from './runtime';
import type { Engine } from './session';
import { openSessions } from './sessions';

/** What the maker takes from the machine it runs on; `device.ts` gives the real one. */
export interface Device {
  /** A file of the app's own. */
  asset(name: 'generator.onnx' | 'learn.onnx'): Promise<Uint8Array>;
  files(): Files;
  /** Throws where onnxruntime cannot be had: the interpreter then does the work. */
  engine(): Promise<Engine>;
  readonly app: string;
  uuid(): string;
  now(): Date;
  /** Milliseconds that only go forward. */
  ticks(): number;
  pause(ms: number): Promise<void>;
}

export interface ModelMaker extends Maker {
  readonly models: Models;
  /** Loads engine and model before they are needed. Never throws. */
  warm(): Promise<void>;
  /** Reads the catalogue anew; it also happens by itself when the store says that it changed. */
  reloadCatalog(): Promise<void>;
  tastes(learned: string | null): Promise<Taste[]>;
  /** Another model or catalogue came into use. Returns how to stop listening. */
  subscribe(listener: () => void): () => void;
}

/** Throws only when the app's own files cannot be read. */
export async function openMaker(store: Pick<Store, 'catalog' | 'subscribe'>, device: Device): Promise<ModelMaker> {
  const bundled = { sha256: bundle.files['generator.onnx'].sha256, read: once(() => device.asset('generator.onnx')) };
  const learnerFile = once(() => device.asset('learn.onnx'));
  const sessions = openSessions({
    engine: device.engine,
    pause: device.pause,
    best: async () => (await usable())[0]!,
    learner: async () => ({ sha256: bundle.files['learn.onnx'].sha256, content: await learnerFile() }),
  });
  const models: ModelStore = openModels({
    files: device.files(),
    bundled,
    app: device.app,
    runtime: async () => (await sessions.engine()).name,
    prove: async (content, golden) => proveGolden(await sessions.engine(), content, golden),
    now: device.now,
    uuid: device.uuid,
    swapped: () => {
      usable = once(readUsable);
      sessions.changed();
      usable().then(tell, ignore);
    },
  });
  const listeners = new Set<() => void>();
  const tell = (): void => listeners.forEach((listener) => listener());

  let current = bundled.sha256;
  async function readUsable(): Promise<readonly Usable[]> {
    const found = await models.usable();
    current = found[0]!.sha256;
    return found;
  }
  let usable = once(readUsable);

  let catalog = await readStore(store);
  async function reloadCatalog(): Promise<void> {
    catalog = await readStore(store);
    tell();
  }
  store.subscribe((changed) => {
    // A release that this runtime cannot read leaves the one before in use.
    if (changed.has('catalog')) reloadCatalog().catch(ignore);
  });

  /** The learner for somebody who taught it something; without it, what was learned is left out of payload and routine. */
  async function taught(payload: Payload, on: Engine): Promise<{ payload: Payload; learner?: Learner }> {
    if (!payload.history?.learned) return { payload };
    try {
      return { payload, learner: await sessions.learner(on) };
    } catch {
      const { learned: _, ...history } = payload.history;
      return { payload: { ...payload, history } };
    }
  }

  async function attempt(model: Usable, on: Engine, asked: Payload): Promise<Made> {
    const generator = await sessions.generator(model, on);
    const { payload, learner } = await taught(asked, on);
    const held = catalog;
    const began = device.ticks();
    const { routine, outputs } = await work(generator, held, payload, learner);
    const made = {
      routine, payload, model: model.sha256, catalog: held.release,
      instead: insteadOf(held, generator.vocabulary, routine, outputs),
    };
    count(model, { runs: 1 }, device.ticks() - began);
    return made;
  }

  /** Counting never keeps a routine waiting, nor fails it. */
  function count(model: Usable, counts: Counts, tookMs?: number): void {
    models.counters.note(model.sha256, model.channel, counts, tookMs).catch(ignore);
  }

  /** With the best model that works in this engine; null where none does. */
  async function makeOn(on: Engine, payload: Payload): Promise<Made | null> {
    const failed: { readonly model: Usable; readonly unsafe: boolean }[] = [];
    let made: Made | null = null;
    for (const model of await usable()) {
      try {
        made = await attempt(model, on, payload);
        models.noteSuccess(model.sha256).catch(ignore);
        break;
      } catch (error) {
        if (error instanceof RequestError) throw error;
        failed.push({ model, unsafe: error instanceof UnsafePlan });
      }
    }
    // A model that fails where another one works is at fault; where none works the engine may be.
    const proper = made !== null || on === sessions.interpreter;
    for (const { model, unsafe } of failed) {
      if (!unsafe && !proper) continue;
      count(model, unsafe ? { runs: 1, rejections: 1 } : { runs: 1, failures: 1 });
      await models.noteFailure(model.sha256).catch(ignore);
    }
    return made;
  }

  async function make(payload: Payload): Promise<Made> {
    const on = await sessions.now();
    let made = await makeOn(on, payload);
    if (made === null && on !== sessions.interpreter) {
      made = await makeOn(sessions.interpreter, payload);
      if (made !== null) sessions.giveUp();
    }
    if (made === null) {
      throw new RequestError('request', 'no safe routine could be put together for this; change what you ask for and try again');
    }
    return made;
  }

  /** With the learner in the engine, in the interpreter where that fails. */
  async function learning<T>(job: (learner: Learner) => Promise<T>): Promise<T> {
    const on = await sessions.now();
    try {
      return await job(await sessions.learner(on));
    } catch (error) {
      if (error instanceof RangeError || on === sessions.interpreter) throw error;
      return job(await sessions.learner(sessions.interpreter));
    }
  }

  await usable();
  return {
    get catalog() { return catalog; },
    get model() { return current; },
    get runtime() { return sessions.name; },
    models,
    make,
    reloadCatalog,
    warm: () => sessions.prepare().then(ignore, ignore),
    learn: (learned, feedback) => learning(async (learner) => {
      const rows: (readonly [string, number])[] = [];
      for (const { slug, outcome, rating, pain } of feedback) {
        const value = reward(outcome, rating, pain);
        if (value !== null) rows.push([slug, value]);
      }
      return toText(learner, await update(learner, stateOf(learner, learned), catalog, rows));
    }),
    tastes: (learned) => learning(async (learner) => tastesOf(learner, stateOf(learner, learned))),
    countOutcomes: async (model, counts) => {
      const { channel } = (await usable()).find(({ sha256 }) => sha256 === model) ?? { channel: 'stable' };
      await models.counters.note(model, channel, counts);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A text that cannot be read is as good as nothing learned: the routine says so, and learning begins anew. */
function stateOf(learner: Learner, learned: string | null): Int32Array {
  if (learned === null) return initialState(learner);
  try {
    return fromText(learner, learned);
  } catch (error) {
    if (error instanceof RequestError) return initialState(learner);
    throw error;
  }
}

async function readStore(store: Pick<Store, 'catalog'>): Promise<Catalog> {
  const { documents, release } = await store.catalog();
  return readCatalog(documents, release);
}

function ignore(): void {}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => {
    result ??= work();
    result.catch(() => (result = null));
    return result;
  };
}
