/** The maker: routines whatever fails, models that come and go, learning. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { catalogStore, failingEngine, held, memoryFiles, testDevice, testServer, variant } from '../../test/device';
import { runtimeOf } from '../../tools/engines';
import { check } from './checker';
import { openInterpreter } from './interpreter';
import type { Payload } from './maker';
import { openMaker } from './open';
import { RequestError } from './request';

const golden = new Uint8Array(readFileSync(join(__dirname, '..', '..', 'assets', 'models', 'golden.json')));
const ask: Payload = { request: { kind: 'warmup', activity: 'run_distance', budget_s: 600 }, seed: 7 };

test('the first launch makes a checked routine from what came with the app, by onnxruntime', async () => {
  const maker = await openMaker(catalogStore, testDevice(memoryFiles(), { engine: async () => runtimeOf('wasm', 1) }));
  expect(maker.runtime).toBe('interpreter');
  await maker.warm();
  const made = await maker.make(ask);
  expect(maker.runtime).toMatch(/^onnxruntime-web /);
  expect(made.routine.status).toBe('ok');
  expect(check(maker.catalog, ask, made.routine)).toEqual([]);
  expect([made.model, made.catalog]).toEqual([maker.model, held.release]);
}, 60_000);

test('without onnxruntime, and before it is loaded, the interpreter makes the same', async () => {
  const [without, waiting] = await Promise.all([
    openMaker(catalogStore, testDevice(memoryFiles(), { engine: () => Promise.reject(new Error('no such module')) })),
    openMaker(catalogStore, testDevice(memoryFiles(), {
      engine: () => new Promise(() => undefined), pause: () => Promise.resolve(),
    })),
  ]);
  expect((await without.make(ask)).routine).toEqual((await waiting.make(ask)).routine);
  expect([without.runtime, waiting.runtime]).toEqual(['interpreter', 'interpreter']);
}, 30_000);

test('an engine that breaks is left for the interpreter, and no model is blamed', async () => {
  const maker = await openMaker(catalogStore, testDevice(memoryFiles(), { engine: async () => failingEngine(() => true) }));
  expect((await maker.make(ask)).routine.status).toBe('ok');
  expect(maker.runtime).toBe('interpreter');
  expect((await maker.models.health())!.models).toMatchObject([{ runs: 1, failures: 0, rejections: 0 }]);
}, 30_000);

test('a better model is swapped in; when it fails three times in a row the one of the app is back, for good', async () => {
  const [server, files] = [testServer(), memoryFiles()];
  const model = variant('better');
  const offered = server.offer(model, golden);
  let broken = false;
  const device = testDevice(files, { engine: async () => failingEngine((sha256) => broken && sha256 === offered.sha256) });
  const maker = await openMaker(catalogStore, device);
  const bundled = maker.model;
  let told = 0;
  maker.subscribe(() => (told += 1));
  expect(await maker.models.offer(offered.body, server.wire)).toMatchObject({ outcome: 'swapped', downloaded: model.length + golden.length });
  expect((await maker.make(ask)).model).toBe(offered.sha256);
  expect(told).toBe(1);
  broken = true;
  for (let i = 0; i < 3; i += 1) expect((await maker.make(ask)).model).toBe(bundled);
  expect(await maker.models.installed()).toBe(bundled);
  expect(await maker.models.offer(offered.body, server.wire)).toMatchObject({
    outcome: 'refused', problem: 'refused before: it failed 3 times in a row',
  });
  const { models } = (await maker.models.health())!;
  expect(models.find(({ sha256 }) => sha256 === offered.sha256)).toMatchObject({ runs: 4, failures: 3 });
}, 60_000);

test('what stands in for an item is allowed, suits the phase and is not in the routine', async () => {
  const maker = await openMaker(catalogStore, testDevice(memoryFiles()));
  const person = { ...ask, profile: { constraints: ['no_floor'], conditions: ['pregnancy_3'].filter((code) => maker.catalog.conditions.has(code)) } };
  const { routine, instead } = await maker.make(person);
  const used = routine.items.map(({ slug }) => slug);
  for (const [phase, slugs] of Object.entries(instead)) {
    for (const slug of slugs) {
      const exercise = maker.catalog.exercises[maker.catalog.places.get(slug)!]!;
      expect(exercise.phases).toContain(phase);
      expect(exercise.hazards).not.toContain('floor_transfer');
      expect(used).not.toContain(slug);
    }
  }
  expect(Object.values(instead).flat().length).toBeGreaterThan(10);
}, 30_000);

test('somebody with a red flag is referred, and gets nothing instead', async () => {
  const maker = await openMaker(catalogStore, testDevice(memoryFiles()));
  const [flag] = [...maker.catalog.vocabulary.get('red_flags')!.keys()].filter((code) => code !== 'none');
  const made = await maker.make({ ...ask, profile: { red_flags: [flag] } });
  expect([made.routine.status, made.routine.items, made.instead]).toEqual(['refer', [], {}]);
}, 30_000);

test('a wish that cannot be met names its field, and no model is blamed for it', async () => {
  const maker = await openMaker(catalogStore, testDevice(memoryFiles()));
  await expect(maker.make({ request: { ...ask.request, activity: 'chess' } })).rejects.toThrow(RequestError);
  await expect(maker.make({ request: { ...ask.request, budget_s: 5 } })).rejects.toMatchObject({ field: 'request.budget_s' });
  expect(await maker.models.health()).toBeNull();
}, 30_000);

test('a session is learned from, told in tastes, and a damaged state begins anew', async () => {
  const maker = await openMaker(catalogStore, testDevice(memoryFiles()));
  const session = Array.from({ length: 20 }, () => ({ slug: 'cat-cow', outcome: 'completed', rating: 1, pain: 0 }));
  const learned = await maker.learn(null, [...session, { slug: 'cat-cow', outcome: 'stopped_by_pain', rating: null, pain: 7 }]);
  expect(await maker.learn(null, session)).toBe(learned);
  expect(await maker.learn('damaged', session)).toBe(learned);
  const [strongest, second] = await maker.tastes(learned);
  expect(strongest!.points).toBeGreaterThan(0);
  expect(Math.abs(strongest!.points)).toBeGreaterThanOrEqual(Math.abs(second!.points));
  expect((await maker.tastes(null)).every(({ points }) => points === 0)).toBe(true);
  const tilted = await maker.make({ ...ask, history: { learned } });
  expect(tilted.routine.items.some(({ parts }) => parts.personal !== 0)).toBe(true);
}, 30_000);

test('where the learner cannot be read, what was learned stays out of payload and routine alike', async () => {
  const plain = await openMaker(catalogStore, testDevice(memoryFiles()));
  const learned = await plain.learn(null, [{ slug: 'cat-cow', outcome: 'completed', rating: 1, pain: 0 }]);
  const device = testDevice(memoryFiles());
  const without = await openMaker(catalogStore, {
    ...device, asset: (name) => (name === 'learn.onnx' ? Promise.reject(new Error('not here')) : device.asset(name)),
  });
  const made = await without.make({ ...ask, history: { learned } });
  expect(made.payload.history).toEqual({});
  expect(made.routine).toEqual((await plain.make(ask)).routine);
}, 30_000);

test('a new catalogue release is used from the next routine on', async () => {
  let tell: (changed: ReadonlySet<string>) => void = () => undefined;
  let release = 1;
  const store = {
    catalog: async () => ({ release, documents: held.documents }),
    subscribe: (listener: typeof tell) => ((tell = listener), () => undefined),
  };
  const maker = await openMaker(store, testDevice(memoryFiles(), { engine: async () => openInterpreter() }));
  release = 2;
  const changed = new Promise<void>((resolve) => maker.subscribe(resolve));
  tell(new Set(['catalog']));
  await changed;
  expect((await maker.make(ask)).catalog).toBe(2);
}, 30_000);
