/** How this device gets a better model, and what it lets in. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { held, memoryFiles, testServer, type MemoryFiles } from '../../test/device';
import { sha256Of } from './download';
import { bucket, BOUNDS_MS } from './health';
import { openModels, type Around, type ModelStore } from './models';
import { openInterpreter } from './interpreter';
import { OPERATORS } from './interpreter/operators';
import { proveGolden } from './golden';

const bundled = sha256Of(held.model);
/** What is in a file is nobody's business but the golden cases'. */
const [golden, other] = [variant('golden'), variant('another')];

function variant(name: string): Uint8Array {
  return new TextEncoder().encode(name.repeat(500));
}

function open(files: MemoryFiles, changes: Partial<Around> = {}): ModelStore {
  let ids = 0;
  return openModels({
    files, bundled: { sha256: bundled, read: async () => held.model }, app: '1.2.0', runtime: async () => 'test 1',
    prove: async () => undefined, now: () => new Date('2026-11-23T12:00:00Z'),
    uuid: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`, swapped: () => undefined, ...changes,
  });
}

async function shas(models: ModelStore): Promise<string[]> {
  return (await models.usable()).map(({ sha256 }) => sha256);
}

test('the operators that a device runs are those that Python lists', () => {
  const python = readFileSync(join(__dirname, '..', '..', '..', 'sync', 'device_model.py'), 'utf8');
  const [, listed] = /OPERATORS = frozenset\(([^)]*)\)/.exec(python)!;
  expect([...OPERATORS].sort()).toEqual([...listed!.matchAll(/"(\w+)"/g)].map(([, name]) => name).sort());
});

test('a fresh device has the model of the app, and asks for a better one than that', async () => {
  const models = open(memoryFiles());
  expect(await models.wish()).toEqual({ installed: bundled, contract: 2, channel: 'stable', app: '1.2.0', runtime: { opset: 17 } });
  expect(await shas(models)).toEqual([bundled]);
  expect(await models.offer({ manifest: null }, testServer().wire)).toMatchObject({ outcome: 'unchanged', sha256: bundled });
});

test('the golden cases of the app’s own model hold, and those of a changed plan do not', async () => {
  const cases = new Uint8Array(readFileSync(join(__dirname, '..', '..', 'assets', 'models', 'golden.json')));
  await proveGolden(openInterpreter(), held.model, cases);
  const text = new TextDecoder().decode(cases).replace(/"plan":\[\[(\d+)/, (_, item) => `"plan":[[${Number(item) + 1}`);
  await expect(proveGolden(openInterpreter(), held.model, new TextEncoder().encode(text))).rejects.toThrow('golden case 0: plan differs');
  await expect(proveGolden(openInterpreter(), held.model, new TextEncoder().encode('{"cases":[]}'))).rejects.toThrow('no golden cases');
}, 30_000);

test('an offer that passes every check is current after a restart, and the one before is kept', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const first = server.offer(other, golden);
  await open(files).offer(first.body, server.wire);
  const second = server.offer(variant('third'), golden, { sequence: 6 });
  expect(await open(files).offer(second.body, server.wire)).toMatchObject({ outcome: 'swapped', sha256: second.sha256 });
  expect(await shas(open(files))).toEqual([second.sha256, first.sha256, bundled]);
});

test('a withdrawn model is not kept to fall back to', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const models = open(files);
  const first = server.offer(other, golden);
  await models.offer(first.body, server.wire);
  const second = server.offer(variant('third'), golden, { sequence: 6, withdrawn: [first.sha256] });
  await models.offer(second.body, server.wire);
  expect(await shas(models)).toEqual([second.sha256, bundled]);
  expect([...files.content.keys()].some((name) => name.startsWith(first.sha256))).toBe(false);
});

test.each([
  ['another contract', { contract: 3 }, 'contract 3, this device 2'],
  ['a foreign operator', { operators: ['Add', 'Conv'] }, 'operators that this device lacks: Conv'],
  ['another channel', { channel: 'canary' }, "of channel 'canary'"],
  ['an expired manifest', { expires_at: '2026-11-23T11:59:59+00:00' }, 'manifest expired'],
  ['a newer catalogue', { catalog_min: 9 }, 'for catalogue releases 9 to any, this device holds 1'],
  ['a giant', { bytes: 9 << 20 }, 'larger than'],
  ['a manifest of something else', { kind: 'catalog' }, 'not one of a model'],
  ['a hash that is a path', { sha256: '../../etc/passwd' }, "no usable 'sha256'"],
  ['no operators', { operators: 'all' }, "no usable 'operators'"],
])('%s is refused before anything is downloaded', async (_, changes, reason) => {
  const server = testServer();
  const models = open(memoryFiles());
  await expect(models.offer(server.offer(other, golden, changes).body, server.wire)).rejects.toThrow(reason);
  expect(server.asked).toEqual([]);
  expect(await models.installed()).toBe(bundled);
});

test('a tampered manifest does not get past its signature', async () => {
  const server = testServer();
  const { body } = server.offer(other, golden);
  const envelope = body.manifest as { readonly manifest: object };
  const forged = { ...body, manifest: { ...envelope, manifest: { ...envelope.manifest, sequence: 99 } } };
  await expect(open(memoryFiles()).offer(forged, server.wire)).rejects.toThrow('signature does not fit');
});

test('a file that is not the signed one is thrown away', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const { body, sha256 } = server.offer(other, golden);
  const wrong = other.slice();
  wrong[500]! ^= 1;
  server.answers.set(body.url, () => new Response(wrong));
  await expect(open(files).offer(body, server.wire)).rejects.toThrow('was damaged on the way');
  server.answers.set(body.url, () => new Response(Uint8Array.from([...other, 0])));
  await expect(open(files).offer(body, server.wire)).rejects.toThrow('longer than the signed manifest says');
  expect([...files.content.keys()].filter((name) => name.startsWith(sha256))).toEqual([]);
});

test('a download that breaks off is continued, not begun again', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const { body } = server.offer(other, golden);
  const half = other.length >> 1;
  server.answers.set(body.url, () => new Response(new ReadableStream({
    start(controller) {
      controller.enqueue(other.slice(0, half));
    },
    pull(controller) {
      controller.error(new Error('the line went dead'));
    },
  })));
  await expect(open(files).offer(body, server.wire)).rejects.toThrow('the next sync continues it');
  server.answers.set(body.url, () => new Response(other.slice(half), {
    status: 206, headers: { 'Content-Range': `bytes ${half}-${other.length - 1}/${other.length}` },
  }));
  expect(await open(files).offer(body, server.wire)).toMatchObject({ outcome: 'swapped', downloaded: other.length - half + golden.length });
  expect(server.asked.map(({ range }) => range)).toEqual([undefined, `bytes=${half}-`, undefined]);
});

test('another part than the one asked for is refused, and a server that cannot continue starts over', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const { body, sha256 } = server.offer(other, golden);
  files.content.set(`${sha256}.onnx.part`, other.slice(0, 100));
  server.answers.set(body.url, () => new Response(other.slice(50), { status: 206, headers: { 'Content-Range': 'bytes 50-99/*' } }));
  await expect(open(files).offer(body, server.wire)).rejects.toThrow('another part');
  files.content.set(`${sha256}.onnx.part`, new Uint8Array(100));
  server.answers.set(body.url, () => new Response(other.slice()));
  expect(await open(files).offer(body, server.wire)).toMatchObject({ outcome: 'swapped' });
});

test('a model that fails its golden cases is remembered, and tried again only by another engine', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const { body } = server.offer(other, golden);
  const fails = { prove: () => Promise.reject(new Error('golden case 3: plan differs')) };
  await expect(open(files, fails).offer(body, server.wire)).rejects.toThrow('failed: golden case 3: plan differs');
  const asked = server.asked.length;
  expect(await open(files).offer(body, server.wire)).toMatchObject({ outcome: 'refused' });
  expect(server.asked).toHaveLength(asked);
  expect(await open(files, { runtime: async () => 'test 2' }).offer(body, server.wire)).toMatchObject({ outcome: 'swapped' });
});

test('an older number, or another file under the same number, is refused', async () => {
  const server = testServer();
  const models = open(memoryFiles());
  await models.offer(server.offer(other, golden).body, server.wire);
  await expect(models.offer(server.offer(variant('old'), golden, { sequence: 4 }).body, server.wire)).rejects.toThrow('older than number 5');
  await expect(models.offer(server.offer(variant('twin'), golden).body, server.wire)).rejects.toThrow('another hash than before');
});

test('a model whose file rotted is not used, and is offered again', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const models = open(files);
  const { body, sha256 } = server.offer(other, golden);
  await models.offer(body, server.wire);
  files.content.get(`${sha256}.onnx`)![9]! ^= 1;
  expect(await models.installed()).toBeNull();
  expect(await shas(models)).toEqual([bundled]);
  expect(await models.offer(body, server.wire)).toMatchObject({ outcome: 'swapped' });
  expect(await shas(models)).toEqual([sha256, bundled]);
});

test('a full disk refuses in words and changes nothing', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const full = { ...files, write: () => Promise.reject(new Error('no space left')) };
  await expect(open(full).offer(server.offer(other, golden).body, server.wire)).rejects.toThrow('cannot keep');
  expect(await open(files).installed()).toBe(bundled);
});

test('somebody who is not signed in asks by name of the install, and is told of no change for free', async () => {
  const [files, server] = [memoryFiles(), testServer()];
  const models = open(files);
  const nothing = JSON.stringify({ manifest: null, url: null, golden_url: null });
  server.answers.set('/v1/models/current', () => new Response(nothing, { headers: { ETag: '"a"' } }));
  expect(await models.update(server.wire)).toMatchObject({ outcome: 'unchanged' });
  server.answers.set('/v1/models/current', () => new Response(null, { status: 304 }));
  expect(await models.update(server.wire)).toMatchObject({ outcome: 'unchanged' });
  const [first, second] = server.asked.map(({ path }) => new URLSearchParams(path.split('?')[1]));
  expect(Object.fromEntries(first!)).toEqual({
    contract: '2', channel: 'stable', app: '1.2.0', opset: '17', installed: bundled, device: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect([...second!]).toEqual([...first!]);
  server.answers.set('/v1/models/current', () => new Response(null, { status: 404 }));
  expect(await models.update(server.wire)).toMatchObject({ outcome: 'none' });
});

test('counters wait for an answer under one id, and nothing is counted twice', async () => {
  const files = memoryFiles();
  const { counters } = open(files);
  await counters.note(bundled, 'stable', { runs: 1 }, 7);
  await counters.note(bundled, 'stable', { runs: 1, failures: 1 });
  const report = (await counters.pending())!;
  expect(report.models).toMatchObject([{ sha256: bundled, channel: 'stable', runs: 2, failures: 1, rejections: 0 }]);
  expect(report.models[0]!.latency.indexOf(1)).toBe(bucket(7));
  await counters.note(bundled, 'stable', { completed: 5 });
  expect(await open(files).health()).toEqual(report);
  await counters.counted('of another report');
  expect(await counters.pending()).toEqual(report);
  await counters.counted(report.id);
  expect((await counters.pending())!.models).toMatchObject([{ runs: 0, completed: 5 }]);
});

test('the buckets of run times are those of the server', () => {
  const python = readFileSync(join(__dirname, '..', '..', '..', 'sync', 'health.py'), 'utf8');
  const [, bounds] = /BOUNDS_MS = \(([^)]*)\)/.exec(python)!;
  expect(bounds!.split(',').map(Number)).toEqual(BOUNDS_MS);
  expect([0.5, 1, 1.1, 1000, 1001].map(bucket)).toEqual([0, 0, 1, 13, 14]);
});
