/** A catalogue release comes whole, signed by a key that is trusted, or not at all. */

import * as ed25519 from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { start, type Phone } from '../../test/phone';
import { json } from '../../test/syncServer';
import { canonical } from '../generator/canonical';
import type { Models, ModelWire } from '../generator/models';
import { insideOf } from '../store/open';
import { copyDigest, documentDigest, sha256Hex } from './digest';
import { fromBase64Url } from './trust';

ed25519.hashes.sha512 = sha512;

type Documents = Readonly<Record<string, object>>;
const SECRETS = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

function keyOf(secret: Uint8Array): { key_id: string; public_key: string } {
  const key = ed25519.getPublicKey(secret);
  return { key_id: bytesToHex(sha256(key)).slice(0, 16), public_key: base64url(key) };
}

function signed(manifest: object, secret = SECRETS[0]!): object {
  return { manifest, key_id: keyOf(secret).key_id, signature: base64url(ed25519.sign(utf8ToBytes(canonical(manifest)), secret)) };
}

/** Publishes to devices that nobody is signed in on. */
class Catalogue {
  documents: Documents = {};
  release: object | null = null;
  number = 0;
  epoch = 'e1';
  secret = SECRETS[0]!;
  statements: object[] = [];
  snapshot = false;
  page = 100;
  resync: string | null = null;
  readonly asked: string[] = [];
  online = true;

  publish(documents: Documents, overrides: object = {}): void {
    this.number += 1;
    this.documents = documents;
    const digests = Object.entries(documents).map(([id, data]) => ['exercise', id, documentDigest(data)] as const);
    this.release = signed({
      kind: 'catalog', release: this.number, epoch: this.epoch, digest: copyDigest(digests), documents: digests.length,
      published_at: '2026-03-01T12:00:00Z', ...overrides,
    }, this.secret);
  }

  readonly fetch: typeof fetch = async (input) => {
    if (!this.online) throw new TypeError('no network');
    const url = new URL(String(input));
    this.asked.push(url.pathname);
    const changes = Object.entries(this.documents).map(([id, data], i) => ({ collection: 'exercise', id, seq: i + 1, deleted: false, data }));
    if (url.pathname === '/v1/keys') return json({ keys: [keyOf(SECRETS[0]!)], statements: this.statements });
    if (url.pathname === '/v1/objects/snapshot') return json({ release: this.number, cursor: `all-${this.number}`, changes });
    if (url.pathname !== '/v1/catalog/changes') return json({}, 404);
    const since = url.searchParams.get('since');
    const release = this.release;
    if (since === `all-${this.number}`) return json({ changes: [], cursor: since, more: false, release });
    if (since === null) {
      const body = JSON.stringify({ release: this.number, cursor: `all-${this.number}`, changes });
      const hint = { url: '/v1/objects/snapshot', sha256: sha256Hex(body), bytes: body.length, cursor: `all-${this.number}`, release: this.number };
      return json({ changes: [], cursor: 'page-0', more: true, ...(this.snapshot ? { snapshot: hint } : {}), ...(this.resync ? { resync: this.resync } : {}) });
    }
    const from = since.startsWith('page-') ? Number(since.slice(5)) : 0;
    const page = changes.slice(from, from + this.page);
    const more = from + this.page < changes.length;
    return json({ changes: page, cursor: more ? `page-${from + this.page}` : `all-${this.number}`, more, ...(more ? {} : { release }) });
  };
}

const many = (count: number, name = 'x'): Documents => Object.fromEntries(Array.from({ length: count }, (_, i) => [`item-${i}`, { name: `${name} ü ${i}`, met: i / 4 }]));

let folder: string;
let catalogue: Catalogue;
let phone: Phone;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'limber-catalogue-'));
  catalogue = new Catalogue();
  phone = await open();
});

afterEach(async () => {
  await phone.kill();
  rmSync(folder, { recursive: true });
});

function open(models: Models | null = null): Promise<Phone> {
  return start({
    folder, name: 'phone', fetch: catalogue.fetch, wallMs: () => Date.UTC(2026, 2, 1, 12), token: () => null, models, limit: undefined,
  });
}

async function shown(): Promise<[release: number, documents: Documents]> {
  const { release, documents } = await phone.store.catalog();
  return [release, Object.fromEntries(documents.map(({ id, data }) => [id, data as object]))];
}

test.each([[false, 4], [false, 100], [true, 4]])('a release comes whole (snapshot: %s, page of %d), and screens are told', async (snapshot, page) => {
  Object.assign(catalogue, { snapshot, page });
  catalogue.publish(many(10));
  const heard: string[] = [];
  phone.store.subscribe((changed) => heard.push(...changed));
  await phone.engine.now();
  expect(phone.engine.last()).toMatchObject({ account: 'signed-out', catalog: 'applied', problem: null });
  expect(await shown()).toEqual([1, many(10)]);
  expect(heard).toEqual(['catalog']);
  await phone.engine.now();
  expect(phone.engine.last()?.catalog).toBe('unchanged');
});

test('a document that was tampered with keeps the release before in use', async () => {
  catalogue.publish(many(10));
  await phone.engine.now();
  catalogue.publish(many(11, 'new'));
  catalogue.documents = { ...catalogue.documents, 'item-3': { name: 'evil', met: 0.75 } };
  await phone.engine.now();
  expect(phone.engine.last()).toMatchObject({ catalog: 'failed', problem: 'the documents of release 2 are not the ones that were signed' });
  expect(await shown()).toEqual([1, many(10)]);
});

test.each([
  ['signed by a stranger', () => { catalogue.secret = SECRETS[1]!; catalogue.publish(many(3)); }, 'not trusted here'],
  ['with a signature that does not fit', () => {
    catalogue.publish(many(3));
    catalogue.release = { ...catalogue.release, manifest: { ...(catalogue.release as { manifest: object }).manifest, release: 9 } };
  }, 'does not fit'],
  ['of something else', () => catalogue.publish(many(3), { kind: 'model' }), 'not one of a catalogue'],
  ['without a signature', () => { catalogue.publish(many(3)); catalogue.release = null; }, 'without a signed release'],
])('a release %s is refused', async (_, publish, problem) => {
  catalogue.publish(many(2));
  await phone.engine.now();
  publish();
  await phone.engine.now();
  expect(phone.engine.last()?.problem).toContain(problem);
  expect(await shown()).toEqual([1, many(2)]);
});

test('an older release, truly signed, does not come back', async () => {
  catalogue.publish(many(2));
  catalogue.publish(many(3));
  await phone.engine.now();
  catalogue.number = 0;
  catalogue.publish(many(2));
  await phone.engine.now();
  expect(phone.engine.last()?.problem).toContain('older than release 2');
  expect((await shown())[0]).toBe(2);
});

test('a network that goes away between two pages goes on where it was', async () => {
  catalogue.page = 3;
  catalogue.publish(many(10));
  const real = catalogue.fetch;
  let pages = 0;
  const cut: typeof fetch = async (...request) => {
    if (String(request[0]).includes('changes') && (pages += 1) > 3) catalogue.online = false;
    return real(...request);
  };
  await phone.kill();
  phone = await start({ folder, name: 'phone', fetch: cut, wallMs: () => 0, token: () => null });
  expect((await phone.engine.now()).phase).toBe('signed-out');
  expect(phone.engine.last()?.catalog).toBe('failed');
  catalogue.online = true;
  pages = -10;
  catalogue.asked.length = 0;
  await phone.engine.now();
  expect(await shown()).toEqual([1, many(10)]);
  expect(catalogue.asked.filter((path) => path.endsWith('changes'))).toHaveLength(2);
});

test('a new key is followed when the old one vouches for it, and the old one is trusted no more', async () => {
  catalogue.publish(many(2));
  await phone.engine.now();
  catalogue.secret = SECRETS[1]!;
  catalogue.publish(many(3));
  catalogue.statements = [signed({ kind: 'trust', sequence: 1, keys: [keyOf(SECRETS[1]!)], created_at: '2026-03-01T12:00:00Z' })];
  await phone.engine.now();
  expect(phone.engine.last()).toMatchObject({ catalog: 'applied', problem: null });
  catalogue.secret = SECRETS[0]!;
  catalogue.publish(many(4));
  await phone.engine.now();
  expect(phone.engine.last()?.problem).toContain('not trusted here');
  expect((await shown())[0]).toBe(2);
});

test('a statement that nobody vouches for changes nothing', async () => {
  catalogue.publish(many(2));
  await phone.engine.now();
  catalogue.secret = SECRETS[1]!;
  catalogue.publish(many(3));
  catalogue.statements = [signed({ kind: 'trust', sequence: 1, keys: [keyOf(SECRETS[1]!)], created_at: 'x' }, SECRETS[1])];
  await phone.engine.now();
  expect(phone.engine.last()?.problem).toContain('not trusted here');
});

test('a model is offered with the keys that are trusted, and its refusal is told', async () => {
  const manifest = { kind: 'model', sequence: 1 };
  const taken: unknown[] = [];
  const models = {
    installed: async () => null, wish: async () => ({}), health: async () => null, healthCounted: async () => undefined,
    offer: async () => { throw new Error('not by GET'); },
    update: async (wire: ModelWire) => {
      taken.push(await wire.verify(signed(manifest)), wire.catalogRelease);
      await wire.verify(signed(manifest, SECRETS[1]));
      throw new Error('a stranger is believed');
    },
  } as unknown as Models;
  catalogue.publish(many(2));
  await phone.kill();
  phone = await open(models);
  await phone.engine.now();
  expect(taken).toEqual([manifest, 1]);
  expect(phone.engine.last()).toMatchObject({ catalog: 'applied', model: 'failed' });
  expect(phone.engine.last()?.problem).toContain('not trusted here');
});

test('a key that the catalogue brought is believed for the model of the same sync', async () => {
  const verified: unknown[] = [];
  const models = {
    wish: async () => ({}), health: async () => null,
    update: async (wire: ModelWire) => {
      verified.push(await wire.verify(signed({ kind: 'model' }, catalogue.secret)));
      return { outcome: 'none' };
    },
  } as unknown as Models;
  catalogue.publish(many(2));
  await phone.kill();
  phone = await open(models);
  await phone.engine.now();
  catalogue.secret = SECRETS[1]!;
  catalogue.publish(many(3));
  catalogue.statements = [signed({ kind: 'trust', sequence: 1, keys: [keyOf(SECRETS[1]!)], created_at: '2026-03-01T12:00:00Z' })];
  await phone.engine.now();
  expect(phone.engine.last()).toMatchObject({ catalog: 'applied', model: 'none', problem: null });
  expect(verified).toHaveLength(2);
});

test('a copy of the catalogue that rotted is fetched anew', async () => {
  catalogue.publish(many(5));
  await phone.engine.now();
  await insideOf(phone.store).db.write((sql) => sql.run("UPDATE document SET digest = 'rotten' WHERE id = 'item-1'"));
  catalogue.publish({ ...many(5), more: { name: 'more' } });
  await phone.engine.now();
  expect(phone.engine.last()).toMatchObject({ catalog: 'applied', problem: null });
  expect((await shown())[1]).toHaveProperty('more');
});

test.each([['AQID', [1, 2, 3]], ['_-8', [255, 239]], ['AQI=', null], ['AQJ', null], ['A', null], ['A+8', null]])('base64url is read strictly: %s', (text, bytes) => {
  expect(fromBase64Url(text)).toEqual(bytes === null ? null : Uint8Array.from(bytes));
});
