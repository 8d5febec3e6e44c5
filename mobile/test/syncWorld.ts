/**
 * Several phones and a server in one story: what can happen, and what must be true when they meet. Every step is told in plain values,
 * so that a story that fails can be made shorter and told again.
 */

import { insideOf } from '../src/store/open';
import { entries } from '../src/store/outbox';
import type { Collection } from '../src/store/types';
import { baseDigests } from '../src/sync/checkpoint';
import { copyDigest } from '../src/sync/digest';
import { append, merge, type Stored } from './merge';
import { start, type Phone } from './phone';
import { json } from './syncServer';

/** A server that one account of a story lives on. */
export interface Ground {
  readonly url: string;
  readonly fetch: typeof fetch;
  token(): string;
  /** Server's time, milliseconds since 1970. */
  now(): number;
  /** Let time pass, where it can be made to. */
  pass(ms: number): void;
  prune(): Promise<void>;
  /** Keep the account as it is, to be restored. */
  backup(): Promise<void>;
  restore(newEpoch: boolean): Promise<void>;
  /** Live records by `collection/id`. */
  state(): Promise<Readonly<Record<string, unknown>>>;
  digest(): Promise<string>;
}

export const FAULTS = [
  'none', 'request lost', 'answer lost', 'request doubled', 'late request', 'earlier answer', 'answered from a cache', 'busy', 'broken answer',
] as const;
export type Fault = (typeof FAULTS)[number];

export type Step =
  | { readonly what: 'write'; readonly phone: number; readonly key: number; readonly name: string }
  | { readonly what: 'write and sync'; readonly phone: number; readonly key: number; readonly name: string; readonly fault: Fault; readonly at: number }
  | { readonly what: 'delete'; readonly phone: number; readonly key: number }
  | { readonly what: 'append'; readonly phone: number }
  /** `at`: which request the fault meets. */
  | { readonly what: 'sync'; readonly phone: number; readonly fault: Fault; readonly at: number }
  | { readonly what: 'write while syncing'; readonly phone: number; readonly key: number; readonly name: string; readonly fault: Fault }
  | { readonly what: 'sync together'; readonly phone: number; readonly other: number }
  /** Killed at a statement of a sync, and started again. */
  | { readonly what: 'crash'; readonly phone: number; readonly at: number }
  /** The wall clock of a phone, seconds off the true time. */
  | { readonly what: 'set clock'; readonly phone: number; readonly seconds: number }
  | { readonly what: 'pass'; readonly seconds: number }
  | { readonly what: 'backup' }
  | { readonly what: 'restore'; readonly newEpoch: boolean }
  | { readonly what: 'half a year later' };

export const PHONES = 3;
/** Deletable, except the last. */
export const KEYS: readonly (readonly [Collection, string])[] = [
  ['routine', '00000000-0000-7000-8000-000000000001'], ['routine', '00000000-0000-7000-8000-000000000002'], ['profile', 'me'],
];
const HALF_A_YEAR_MS = 181 * 86_400_000;
/** Syncs after which the digest was surely compared. */
const UNTIL_CHECKED = 22;

interface Held { phone: Phone; offset: number; fault: Fault; at: number }

export class World {
  private readonly held: Held[] = [];
  private counter = 0;
  private backedUp = false;
  /**
   * Deletions were forgotten, or a backup restored without a new epoch: all phones must still agree with the server, but what an old
   * patch comes to is a matter of who came first (docs/adr/0015, "Weak").
   */
  private weak = false;
  private lostWithoutEpoch = false;
  private readonly late: (() => Promise<unknown>)[] = [];
  private earlier: { body: string; status: number } | null = null;

  constructor(private readonly ground: Ground, private readonly folder: string, private readonly story: string, private readonly limit: number) {}

  async begin(): Promise<void> {
    for (let i = 0; i < PHONES; i += 1) {
      const held = { offset: 0, fault: 'none', at: 0 } as unknown as Held;
      this.held.push(held);
      await this.open(i);
    }
  }

  async end(): Promise<void> {
    for (const { phone } of this.held) await phone.kill();
  }

  async play(step: Step): Promise<void> {
    switch (step.what) {
      case 'write': return this.write(step.phone, step.key, step.name);
      case 'write and sync':
        await this.write(step.phone, step.key, step.name);
        return this.sync(step.phone, step.fault, step.at);
      case 'delete': {
        const [collection, id] = KEYS[step.key % (KEYS.length - 1)]!;
        return this.store(step.phone).write([{ collection, id, delete: true }]);
      }
      case 'append': {
        this.counter += 1;
        await this.store(step.phone).create('feedback', { at: '2026-01-09T18:27:59Z', about: 'app', notes: `n${this.counter}` });
        return;
      }
      case 'sync': return this.sync(step.phone, step.fault, step.at);
      case 'write while syncing': {
        const syncing = this.sync(step.phone, step.fault, 1);
        await this.write(step.phone, step.key, step.name);
        return syncing;
      }
      case 'sync together': {
        await Promise.all([this.sync(step.phone, 'none', 0), this.sync(step.other, 'none', 0)]);
        return;
      }
      case 'crash': {
        this.held[step.phone]!.phone.killAt(step.at);
        await this.sync(step.phone, 'none', 0);
        await this.held[step.phone]!.phone.kill();
        return this.open(step.phone);
      }
      case 'set clock': {
        this.held[step.phone]!.offset = step.seconds * 1000;
        return;
      }
      case 'pass': return this.ground.pass(step.seconds * 1000);
      case 'backup': {
        this.backedUp = true;
        return this.ground.backup();
      }
      case 'restore': {
        if (!this.backedUp) return;
        this.weak ||= !step.newEpoch;
        this.lostWithoutEpoch ||= !step.newEpoch;
        return this.ground.restore(step.newEpoch);
      }
      case 'half a year later': {
        this.weak = true;
        this.ground.pass(HALF_A_YEAR_MS);
        return this.ground.prune();
      }
    }
  }

  /** All clocks right, no faults: every phone shows what the server has, and that is what the newest clocks say. */
  async meet(): Promise<void> {
    for (const held of this.held) held.offset = 0;
    while (this.late.length > 0) await this.late.shift()!().catch(() => undefined);
    const least = this.lostWithoutEpoch ? UNTIL_CHECKED : 2;
    for (let round = 0; round < 40; round += 1) {
      this.ground.pass(1000);
      const states = [];
      for (const { phone } of this.held) states.push(await phone.engine.now());
      if (round >= least && states.every(({ phase, waiting, detail }) => phase === 'idle' && waiting === 0 && detail === null)) break;
    }
    // Once more around: the last phone may have brought something for the first.
    for (const { phone } of this.held) await phone.engine.now();
    const truth = await this.ground.state();
    const digest = await this.ground.digest();
    for (const [i, { phone }] of this.held.entries()) {
      const state = phone.engine.state();
      expect({ phone: i, phase: state.phase, waiting: state.waiting, detail: state.detail }).toEqual({ phone: i, phase: 'idle', waiting: 0, detail: null });
      expect({ phone: i, shows: await this.shown(i) }).toEqual({ phone: i, shows: truth });
      expect(copyDigest(await insideOf(phone.store).db.read(baseDigests))).toBe(digest);
    }
    if (!this.weak) expect(truth).toEqual(await this.promised());
  }

  private store(phone: number): Phone['store'] {
    return this.held[phone]!.phone.store;
  }

  private write(phone: number, key: number, name: string): Promise<void> {
    this.counter += 1;
    const [collection, id] = KEYS[key]!;
    return this.store(phone).write([{ collection, id, set: { [name]: this.counter } }]);
  }

  private async open(i: number): Promise<void> {
    const held = this.held[i]!;
    held.phone = await start({
      folder: this.folder, name: `${this.story}-${i}.db`, server: this.ground.url, limit: this.limit,
      wallMs: () => this.ground.now() + held.offset, token: () => this.ground.token(),
      fetch: (input, init) => this.carry(held, String(input), init),
    });
  }

  private async sync(i: number, fault: Fault, at: number): Promise<void> {
    Object.assign(this.held[i]!, { fault, at });
    await this.held[i]!.phone.engine.now();
    this.held[i]!.fault = 'none';
  }

  /** The network between a phone and the server. */
  private async carry(held: Held, url: string, init?: RequestInit): Promise<Response> {
    if (new URL(url).pathname === '/v1/keys') return json({}, 404); // no catalogue in these stories
    const { fault } = held;
    held.at -= 1;
    const meets = fault !== 'none' && held.at < 0;
    if (meets) held.fault = 'none';
    const send = async (): Promise<Response> => {
      const answer = await this.ground.fetch(url, { ...init, signal: null });
      const body = await answer.text();
      if (this.late.length > 0 && !meets) await this.late.shift()!().catch(() => undefined);
      const before = this.earlier;
      if (init?.method === 'POST') this.earlier = { body, status: answer.status };
      if (meets && fault === 'earlier answer' && before !== null) return new Response(before.body, { status: before.status });
      if (meets && fault === 'broken answer') return new Response(body.slice(0, body.length / 2), { status: answer.status });
      return new Response(body, { status: answer.status, headers: answer.headers });
    };
    if (!meets) return send();
    switch (fault) {
      case 'request lost': throw new TypeError('lost');
      case 'answered from a cache':
        if (this.earlier === null) throw new TypeError('lost');
        return new Response(this.earlier.body, { status: this.earlier.status });
      case 'busy': return json({}, 503, { 'Retry-After': '0' });
      case 'late request':
        this.late.push(() => this.ground.fetch(url, { ...init, signal: null }));
        throw new TypeError('timed out');
      case 'answer lost':
        await send();
        throw new TypeError('lost');
      case 'request doubled':
        await send();
        return send();
      default: return send();
    }
  }

  private async shown(i: number): Promise<Record<string, unknown>> {
    const all = await this.store(i).everything();
    return Object.fromEntries(Object.entries(all).flatMap(([collection, records]) => records.map(({ id, data }) => [`${collection}/${id}`, data])));
  }

  /** What comes of all patches that anybody made and nobody refused, whatever way they took. */
  private async promised(): Promise<Record<string, unknown>> {
    const records = new Map<string, Stored>();
    for (const { phone } of this.held) {
      for (const { collection, id, fields, hlc, state, fill } of await insideOf(phone.store).db.read((sql) => entries(sql))) {
        if (state === 'refused' || fill) continue;
        const key = `${collection}/${id}`;
        const step = collection === 'feedback' ? append : merge;
        const outcome = step(records.get(key) ?? null, { hlc, set: fields });
        if (outcome !== null) records.set(key, outcome.stored);
      }
    }
    return Object.fromEntries([...records].filter(([, stored]) => !stored.deleted).map(([key, stored]) => [key, stored.data]));
  }
}
