/**
 * The models of this device: the one that came with the app, and better ones that the server offers. An offer is verified,
 * downloaded, tried on its golden cases and swapped in; the one before stays (sync/device_model.py decides the rules).
 */

import { CONTRACT } from './contract';
import { download, sha256Of, type Get } from './download';
import { openHealth, readJson, type Health, type HealthReport } from './health';
import { OPERATORS } from './interpreter/operators';
import { readManifest, Refused, type ModelManifest } from './manifest';

/** Small files of this device's own. A write is whole or did not happen. */
export interface Files {
  read(name: string): Promise<Uint8Array | null>;
  write(name: string, content: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  names(): Promise<readonly string[]>;
}

/** What the models need of the sync: whom to believe, what catalogue there is, and the server. */
export interface ModelWire {
  /** The manifest of a signed envelope. Throws when no trusted key signed it. */
  verify(envelope: unknown): Promise<Readonly<Record<string, unknown>>>;
  readonly catalogRelease: number;
  readonly get: Get;
}

/** What a sync did to the model: refused: it was tried here before; problem says why. */
export interface ModelReport {
  readonly outcome: 'swapped' | 'unchanged' | 'none' | 'refused';
  readonly sha256: string;
  readonly downloaded: number;
  readonly problem: string | null;
}

/** The member `model` of a request to `/v1/sync`. */
export interface ModelWish {
  readonly installed: string | null;
  readonly contract: number;
  readonly channel: string;
  readonly app: string;
  readonly runtime: { readonly opset: number };
}

/** A model that may be run, its file intact. */
export interface Usable {
  readonly sha256: string;
  readonly channel: string;
  readonly content: Uint8Array;
}

/** What the sync engine calls. */
export interface Models {
  /** SHA-256 of the model in use, hex; null where its file is damaged, so that it is offered again. */
  installed(): Promise<string | null>;
  wish(): Promise<ModelWish>;
  /**
   * Take the model that an answer offers, its member `model`. Throws Refused, Interrupted, or what `wire` throws; the model
   * in use is then untouched.
   */
  offer(offered: unknown, wire: ModelWire): Promise<ModelReport>;
  /** As `offer`, asking `/v1/models/current` first: for a device that nobody is signed in on. */
  update(wire: ModelWire): Promise<ModelReport>;
  health(): Promise<HealthReport | null>;
  healthCounted(id: string): Promise<void>;
}

/** What the maker calls besides. */
export interface ModelStore extends Models {
  /** The current model, the previous and the one of the app, best first, as far as their files are what they were. */
  usable(): Promise<readonly Usable[]>;
  /** Count a failure of the current model in a row. True when it was one too many and another took its place. */
  noteFailure(sha256: string): Promise<boolean>;
  noteSuccess(sha256: string): Promise<void>;
  readonly counters: Health;
}

export interface Around {
  readonly files: Files;
  readonly bundled: { readonly sha256: string; read(): Promise<Uint8Array> };
  /** Version of the app. */
  readonly app: string;
  /** Name of the engine: what failed on one may be tried on another. */
  runtime(): Promise<string>;
  /** Runs golden cases on a model; throws, saying why, when one fails. */
  prove(model: Uint8Array, golden: Uint8Array): Promise<void>;
  now(): Date;
  uuid(): string;
  /** Told after another model took over. */
  swapped(): void;
}

interface Entry {
  readonly sha256: string;
  readonly channel: string;
}

interface State {
  readonly current: Entry | null;
  readonly previous: Entry | null;
  readonly failures: number;
  readonly sequence: number;
  readonly offered: string | null;
  readonly refused: Readonly<Record<string, { readonly reason: string; readonly runtime: string }>>;
  readonly etag: { readonly url: string; readonly tag: string } | null;
  /** A random id that this install gave itself: it decides which rollouts reach it, and says nothing else. */
  readonly install: string;
}

const NAME = 'state.json';
const CHANNEL = 'stable';
const FAILURES_BEFORE_REVERT = 3;
const MOST_BYTES = 8 << 20;
/** What the interpreter runs, so that no model is let in that it could not take over. */
const OPSET = 17;

export function openModels(around: Around): ModelStore {
  const { bundled } = around;
  const files = guarded(around.files);
  let tail: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work);
    tail = result.catch(() => undefined);
    return result;
  };
  const counters = openHealth(files, around.uuid, inTurn);

  async function recall(): Promise<State> {
    const content = await files.read(NAME);
    const known = content === null ? null : (readJson(content) as State | null);
    return known ?? {
      current: null, previous: null, failures: 0, sequence: 0, offered: null, refused: {}, etag: null, install: around.uuid().replaceAll('-', ''),
    };
  }
  const remember = (state: State): Promise<void> => files.write(NAME, new TextEncoder().encode(JSON.stringify(state)));

  async function read(entry: Entry | null): Promise<Usable | null> {
    if (entry === null) return null;
    const content = await files.read(modelFile(entry.sha256));
    return content !== null && sha256Of(content) === entry.sha256 ? { ...entry, content } : null;
  }
  async function installedOf(state: State): Promise<string | null> {
    return state.current === null ? bundled.sha256 : ((await read(state.current))?.sha256 ?? null);
  }
  /** Delete files of models that are neither in use, nor kept as the previous, nor on offer. */
  async function tidy(state: State, offered: string | null): Promise<void> {
    const kept = [state.current?.sha256, state.previous?.sha256, offered];
    for (const name of await files.names()) {
      if (/^[0-9a-f]{64}\./.test(name) && !kept.includes(name.slice(0, 64))) await files.remove(name);
    }
  }

  async function accept(offered: unknown, wire: ModelWire): Promise<ModelReport> {
    const state = await recall();
    const installed = await installedOf(state);
    const report = (outcome: ModelReport['outcome'], rest?: Partial<ModelReport>): ModelReport => (
      { outcome, sha256: installed ?? bundled.sha256, downloaded: 0, problem: null, ...rest }
    );
    const { manifest: envelope, url, golden_url: goldenUrl } = (offered ?? {}) as Readonly<Record<string, unknown>>;
    if (envelope === null || envelope === undefined) return report('unchanged');
    const manifest = readManifest(await wire.verify(envelope));
    if (manifest.sha256 === installed) return report('unchanged');
    refuseUnfit(manifest, state, wire.catalogRelease, around.now());
    const runtime = await around.runtime();
    const before = state.refused[manifest.sha256];
    if (before?.runtime === runtime) return report('refused', { problem: `refused before: ${before.reason}` });
    await tidy(state, manifest.sha256);
    const came = await bring(manifest, url, goldenUrl, wire.get);
    try {
      const [model, golden] = [await files.read(modelFile(manifest.sha256)), await files.read(goldenFile(manifest.sha256))];
      await around.prove(model!, golden!);
    } catch (error) {
      const reason = `the golden cases of model ${manifest.sha256.slice(0, 12)} failed: ${messageOf(error)}`;
      // The same file would fail again in this engine, so it is not downloaded again either.
      await remember({ ...state, refused: { ...state.refused, [manifest.sha256]: { reason, runtime } } });
      await tidy(state, null);
      throw new Refused(reason);
    }
    const after = swappedIn(state, installed !== null, manifest);
    await remember(after);
    await tidy(after, null);
    around.swapped();
    return report('swapped', { sha256: manifest.sha256, downloaded: came });
  }

  /** Have the model and its golden cases as files with the signed hashes; returns the bytes that came. */
  async function bring(manifest: ModelManifest, url: unknown, goldenUrl: unknown, get: Get): Promise<number> {
    let came = 0;
    for (const [name, path, sha256, size] of [
      [modelFile(manifest.sha256), url, manifest.sha256, manifest.bytes],
      [goldenFile(manifest.sha256), goldenUrl, manifest.goldenSha256, manifest.goldenBytes],
    ] as const) {
      // A path of the server's, or a presigned address of its object storage.
      if (typeof path !== 'string' || !/^(\/|https?:\/\/)/.test(path)) throw new Refused("the server's answer has no usable 'url'");
      const held = await files.read(name);
      if (held === null || sha256Of(held) !== sha256) came += await download(files, get, path, name, sha256, size);
    }
    return came;
  }

  async function wish(state: State): Promise<ModelWish> {
    return {
      installed: await installedOf(state), contract: CONTRACT, channel: CHANNEL, app: around.app, runtime: { opset: OPSET },
    };
  }

  return {
    counters,
    installed: () => inTurn(async () => installedOf(await recall())),
    wish: () => inTurn(async () => wish(await recall())),
    offer: (offered, wire) => inTurn(() => accept(offered, wire)),
    update: (wire) => inTurn(async () => {
      let state = await recall();
      await remember(state); // keeps the install's id, if it was made just now
      const { installed, runtime, ...asked } = await wish(state);
      const query = new URLSearchParams({
        ...Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, String(value)])),
        opset: String(runtime.opset), device: state.install, ...(installed === null ? {} : { installed }),
      });
      const url = `/v1/models/current?${query}`;
      const known = state.etag?.url === url ? state.etag.tag : null;
      const response = await wire.get(url, { Accept: 'application/json', ...(known ? { 'If-None-Match': known } : {}) });
      const sha256 = installed ?? bundled.sha256;
      if (response.status === 404) return { outcome: 'none', sha256, downloaded: 0, problem: null };
      if (response.status === 304 && known) return { outcome: 'unchanged', sha256, downloaded: 0, problem: null };
      if (response.status !== 200) throw new Refused(`the server answered ${response.status} to /v1/models/current`);
      const report = await accept(await response.json(), wire);
      if (report.outcome === 'unchanged') {
        state = await recall();
        const tag = response.headers.get('etag');
        await remember({ ...state, etag: tag ? { url, tag } : null });
      }
      return report;
    }),
    health: () => counters.pending(),
    healthCounted: (id) => counters.counted(id),
    usable: () => inTurn(async () => {
      const state = await recall();
      const found = [await read(state.current), await read(state.previous)].filter((model) => model !== null);
      const known = found.some(({ sha256 }) => sha256 === bundled.sha256);
      return known ? found : [...found, { sha256: bundled.sha256, channel: CHANNEL, content: await bundled.read() }];
    }),
    noteFailure: (sha256) => inTurn(async () => {
      const state = await recall();
      if (state.current?.sha256 !== sha256) return false;
      const failures = state.failures + 1;
      const revert = failures >= FAILURES_BEFORE_REVERT;
      if (!revert) {
        await remember({ ...state, failures });
        return false;
      }
      // A file that rotted on this device says nothing against the model.
      const reason = `it failed ${failures} times in a row`;
      const refused = (await read(state.current)) === null
        ? state.refused
        : { ...state.refused, [sha256]: { reason, runtime: await around.runtime() } };
      const previous = (await read(state.previous)) === null ? null : state.previous;
      await remember({ ...state, current: previous, previous: null, failures: 0, refused });
      around.swapped();
      return true;
    }),
    noteSuccess: (sha256) => inTurn(async () => {
      const state = await recall();
      if (state.failures > 0 && state.current?.sha256 === sha256) await remember({ ...state, failures: 0 });
    }),
  };
}

/** Where nothing can be kept, such as on a full disk, no model is let in. */
function guarded(files: Files): Files {
  return {
    ...files,
    write: (name, content) => files.write(name, content).catch((error: unknown) => {
      throw new Refused(`this device cannot keep ${name.slice(0, 12)}: ${messageOf(error)}`);
    }),
  };
}

function modelFile(sha256: string): string {
  return `${sha256}.onnx`;
}

function goldenFile(sha256: string): string {
  return `${sha256}.golden.json`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refuseUnfit(manifest: ModelManifest, state: State, release: number, now: Date): void {
  const { contract, operators, channel, sequence, catalogMin, catalogMax } = manifest;
  if (contract !== CONTRACT) throw new Refused(`the model speaks contract ${contract}, this device ${CONTRACT}`);
  const foreign = operators.filter((operator) => !OPERATORS.has(operator)).sort();
  if (foreign.length > 0) throw new Refused(`the model needs operators that this device lacks: ${foreign.join(', ')}`);
  if (channel !== CHANNEL) throw new Refused(`the model is of channel '${channel}', not '${CHANNEL}'`);
  if (sequence < state.sequence) {
    throw new Refused(`model number ${sequence} is older than number ${state.sequence}, seen here before`);
  }
  if (sequence === state.sequence && manifest.sha256 !== state.offered) {
    throw new Refused(`model number ${sequence} comes with another hash than before`);
  }
  if (Date.parse(manifest.expiresAt) <= now.getTime()) {
    throw new Refused(`the model's manifest expired on ${manifest.expiresAt}`);
  }
  if (release < catalogMin || (catalogMax !== null && release > catalogMax)) {
    const span = `${catalogMin} to ${catalogMax ?? 'any'}`;
    throw new Refused(`the model is made for catalogue releases ${span}, this device holds ${release}`);
  }
  if (Math.max(manifest.bytes, manifest.goldenBytes) > MOST_BYTES) {
    throw new Refused(`the model is larger than ${MOST_BYTES} bytes`);
  }
}

/** What to remember once the new model is current. No file is ever overwritten: its hash is its name. */
function swappedIn(state: State, intact: boolean, manifest: ModelManifest): State {
  const gone = [...manifest.withdrawn, manifest.sha256];
  const kept = [intact ? state.current : null, state.previous].find((entry) => entry && !gone.includes(entry.sha256));
  return {
    ...state,
    current: { sha256: manifest.sha256, channel: manifest.channel },
    previous: kept ?? null,
    failures: 0,
    sequence: manifest.sequence,
    offered: manifest.sha256,
    refused: Object.fromEntries(Object.entries(state.refused).filter(([sha256]) => sha256 !== manifest.sha256)),
    etag: null,
  };
}
