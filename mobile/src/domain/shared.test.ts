import { LinkInvalid, linkOf, readLink, type Shared } from './shared';

const SHARED: Shared = {
  kind: 'warmup', activity: 'run_distance', title: 'Vor dem Lauf – früh',
  items: [
    { slug: 'march-in-place', phase: 'raise', position: 'standing', sets: 1, work_s_per_side: 60, sides: 1, rest_s: 0, transition_s: 6, reps: null },
    { slug: 'walking-lunge', phase: 'mobilise', position: 'walking', sets: 2, work_s_per_side: 30, sides: 2, rest_s: 10, transition_s: 8, reps: 12 },
  ],
};

test('what is shared comes back the same', () => {
  expect(readLink(linkOf(SHARED))).toEqual(SHARED);
  expect(readLink(`#${linkOf({ ...SHARED, activity: { muscles: { quads: 3 } }, title: null })}`)).toMatchObject({ activity: { muscles: { quads: 3 } }, title: null });
});

test('a link holds nothing about anybody: only kind, activity, name and exercises', () => {
  const more = { ...SHARED, items: SHARED.items.map((item) => ({ ...item, reason: 'you wanted more for your knee', parts: { history: 3 } })) };
  expect(linkOf(more)).toBe(linkOf(SHARED));
});

test('a link survives what mail and chat do to addresses', () => {
  expect(linkOf(SHARED)).toMatch(/^[A-Za-z0-9_-]+$/);
});

function written(value: unknown): string {
  return btoa(JSON.stringify(value)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

const ROW = ['a', 'raise', 'standing', 1, 30, 1, 0, 6, null];

test.each([
  ['nothing', ''],
  ['a part of it', linkOf(SHARED).slice(0, 40)],
  ['something else', written({ a: 1 })],
  ['a newer version', written([2, 'warmup', 'general', null, [ROW]])],
  ['no exercise', written([1, 'warmup', 'general', null, []])],
  ['a kind that is none', written([1, 'party', 'general', null, [ROW]])],
  ['an hour of squats', written([1, 'warmup', 'general', null, [[...ROW.slice(0, 4), 3600, 1, 0, 6, null]]])],
  ['markup for a slug', written([1, 'warmup', 'general', null, [['<script>', ...ROW.slice(1)]]])],
  ['far too much', 'A'.repeat(30_000)],
])('%s is refused', (_, fragment) => expect(() => readLink(fragment)).toThrow(LinkInvalid));
