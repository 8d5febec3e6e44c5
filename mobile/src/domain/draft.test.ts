import type { Made, Maker, Payload } from '@/generator/maker';

import { catalog, testMaker } from '../../test/maker';
import {
  adopt, draftOf, edited, judge, lengthen, lengthS, move, remove, SAFETY_RULES, swap, swaps, totalS, type Draft, type Edit,
} from './draft';
import english from '../i18n/en/routine.json';

let maker: Maker;
beforeAll(async () => {
  maker = await testMaker();
});

const WARMUP: Payload = {
  request: { kind: 'warmup', activity: 'run_distance', budget_s: 720 },
  profile: { level: 'recreational', equipment: ['mat', 'band'] }, seed: 7,
};

async function drafted(changes: Partial<Payload> = {}): Promise<Draft> {
  return draftOf(await maker.make({ ...WARMUP, ...changes }), null);
}

function done(edit: Edit): Draft {
  if (!edit.ok) throw new Error(edit.rules.join(', '));
  return edit.draft;
}

test('what the generator made is judged safe, as it is', async () => {
  const draft = await drafted();
  expect(judge(catalog, draft.made, draft.items).violations).toEqual([]);
  expect(edited(draft)).toBe(false);
  expect(totalS(draft.items)).toBe(draft.made.routine.total_s);
});

test('an item can go, and the time with it', async () => {
  const draft = await drafted();
  const last = draft.items.length - 1;
  const shorter = done(remove(catalog, draft, last));
  expect(totalS(shorter.items)).toBe(totalS(draft.items) - lengthS(draft.items[last]!));
  expect(edited(shorter)).toBe(true);
});

test('the easy movement that a warm-up begins with stays: W02', async () => {
  let draft = await drafted();
  let refused: readonly string[] = [];
  while (refused.length === 0 && draft.items.some(({ phase }) => phase === 'raise')) {
    const edit = remove(catalog, draft, 0);
    if (edit.ok) draft = edit.draft;
    else refused = edit.rules;
  }
  expect(refused).toContain('W02');
});

test('a warm-up keeps its order: what wakes up never comes before what warms', async () => {
  const draft = await drafted();
  const raised = draft.items.filter(({ phase }) => phase === 'raise').length;
  const edit = move(catalog, draft, raised, -1);
  expect(edit).toMatchObject({ ok: false });
  if (!edit.ok) expect(edit.rules).toContain('W01');
});

test('moving within a phase changes places and nothing else', async () => {
  const draft = await drafted();
  const place = draft.items.findIndex((item, at) => at > 0 && draft.items[at - 1]!.phase === item.phase && item.phase !== 'raise');
  const moved = done(move(catalog, draft, place, -1));
  expect(moved.items[place - 1]).toBe(draft.items[place]);
  expect(new Set(moved.items)).toEqual(new Set(draft.items));
  expect(done(move(catalog, draft, 0, -1))).toBe(draft);
});

test('longer and shorter stay within what the type of exercise allows', async () => {
  let draft = await drafted();
  for (const by of [1, -1] as const) {
    let rules: readonly string[] = [];
    for (let n = 0; n < 60 && rules.length === 0; n += 1) {
      const edit = lengthen(catalog, draft, 2, by);
      if (edit.ok) draft = edit.draft;
      else rules = edit.rules;
      expect(judge(catalog, draft.made, draft.items).violations).toEqual([]);
    }
    expect(rules.length).toBeGreaterThan(0);
  }
});

test('every stand-in that is offered holds, is not in the routine yet, and belongs to the phase', async () => {
  const draft = await drafted();
  for (const place of draft.items.keys()) {
    for (const slug of swaps(catalog, draft, place)) {
      const after = done(swap(catalog, draft, place, slug));
      const item = after.items[place]!;
      expect(judge(catalog, after.made, after.items).violations).toEqual([]);
      expect(draft.items.map((one) => one.slug)).not.toContain(slug);
      expect(item).toMatchObject({ slug, phase: draft.items[place]!.phase, insteadOf: draft.items[place]!.slug });
    }
  }
});

test('somebody who sits is offered what is done sitting, in that position', async () => {
  const draft = await drafted({
    request: { kind: 'desk_break', activity: 'desk_work', budget_s: 300 },
    profile: { constraints: ['seated_only'], equipment: ['chair'] },
  });
  const offers = [...draft.items.keys()].flatMap((place) => swaps(catalog, draft, place, 3).map((slug) => [place, slug] as const));
  expect(offers.length).toBeGreaterThan(0);
  for (const [place, slug] of offers) expect(done(swap(catalog, draft, place, slug)).items[place]!.position).toBe('seated_chair');
});

test('what somebody’s body rules out cannot be swapped in, whatever they choose', async () => {
  const draft = await drafted({ profile: { conditions: ['lumbar_disc'], equipment: ['mat'] } });
  const banned = catalog.exercises.find(
    ({ hazards, phases }) => hazards.some((hazard) => catalog.conditions.get('lumbar_disc')!.exclude.includes(hazard)) && phases.includes('mobilise'),
  )!;
  const place = draft.items.findIndex(({ phase }) => phase === 'mobilise');
  const edit = swap(catalog, draft, place, banned.slug);
  expect(edit.ok).toBe(false);
  if (!edit.ok) expect(edit.rules).toContain('hazards');
});

test('an edit is judged against the change it makes: what was broken before can be mended step by step', async () => {
  const request = { kind: 'mobility', activity: 'general', budget_s: 900 };
  const theirs = await maker.make({ request, profile: { equipment: ['mat'] } });
  const mine = await maker.make({ request, profile: { equipment: ['mat'], constraints: ['no_floor'] } });
  let { draft } = adopt(catalog, mine, theirs.routine.items);
  const broken = (): string[] => judge(catalog, draft.made, draft.items).violations.map(({ message }) => message.split(' ')[0]!);
  const first = broken().length;
  expect(first).toBeGreaterThan(1);
  for (let n = 0; n < first; n += 1) draft = done(remove(catalog, draft, draft.items.findIndex(({ slug }) => slug === broken()[0])));
  expect(broken()).toEqual([]);
});

test('a routine without an exercise is none', async () => {
  let draft = await drafted({ request: { kind: 'mobility', activity: 'general', budget_s: 180 } });
  let edit: Edit = { ok: true, draft };
  while (edit.ok) {
    draft = edit.draft;
    edit = remove(catalog, draft, draft.items.length - 1);
  }
  expect(draft.items.length).toBeGreaterThan(0);
  expect(edit.rules.length).toBeGreaterThan(0);
});

test('warnings that an edit makes due are given: a warm-up below five minutes says so', async () => {
  let draft = await drafted();
  expect(judge(catalog, draft.made, draft.items).warnings).not.toContain('time_too_short');
  for (let at = draft.items.length - 1; at > 0 && totalS(draft.items) >= 270; at -= 1) {
    const edit = remove(catalog, draft, at);
    if (edit.ok) draft = edit.draft;
  }
  expect(totalS(draft.items)).toBeLessThan(300);
  const judged = judge(catalog, draft.made, draft.items);
  expect(judged.violations).toEqual([]);
  expect(judged.warnings).toContain('time_too_short');
});

test('somebody else’s items are judged by who opens them, and those that are gone are named', async () => {
  const theirs = await maker.make({ ...WARMUP, profile: { level: 'trained', equipment: ['mat', 'jump_rope'] } });
  const mine = await maker.make({ ...WARMUP, profile: { constraints: ['no_jump'], equipment: [] } });
  const { draft, unknown } = adopt(catalog, mine, [...theirs.routine.items, { ...theirs.routine.items[0]!, slug: 'not-here' }]);
  expect(unknown).toEqual(['not-here']);
  const { violations } = judge(catalog, draft.made, draft.items);
  const jumps = theirs.routine.items.some(({ slug }) => catalog.exercises[catalog.places.get(slug)!]!.hazards.includes('impact'));
  expect(violations.some(({ rule }) => rule === 'constraints')).toBe(jumps);
});

test('every rule that can refuse an edit has words for it', () => {
  expect(SAFETY_RULES.filter((rule) => !Object.hasOwn(english.refused, rule))).toEqual([]);
});

test('hundreds of random edits never leave a routine that the checker objects to', async () => {
  let state = 12345;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  const wishes: Partial<Payload>[] = [
    {}, { request: { kind: 'cooldown', activity: 'football', budget_s: 600 } },
    { request: { kind: 'mobility', activity: 'general', budget_s: 900 }, profile: { age: 70, equipment: ['chair', 'mat'] } },
    { request: { kind: 'desk_break', activity: 'desk_work', budget_s: 300 }, profile: { conditions: ['hypertension'], equipment: ['chair'] } },
  ];
  for (const wish of wishes) {
    let draft = await drafted(wish);
    for (let n = 0; n < 80; n += 1) {
      const place = random(draft.items.length);
      const by = random(2) === 0 ? 1 : -1;
      const options = (draft.made as Made).instead[draft.items[place]!.phase] ?? [];
      const slug = options[random(Math.max(1, options.length))];
      const edit = [
        () => remove(catalog, draft, place), () => move(catalog, draft, place, by), () => lengthen(catalog, draft, place, by),
        () => (slug === undefined ? move(catalog, draft, place, by) : swap(catalog, draft, place, slug)),
      ][random(4)]!();
      if (edit.ok) draft = edit.draft;
      expect(judge(catalog, draft.made, draft.items).violations).toEqual([]);
    }
  }
});
