import { checkFields } from '@/store/check';

import { testMaker } from '../../test/maker';
import { firstAsk } from './ask';
import { draftOf, type Draft } from './draft';
import { keptFields, keptOrder, openKept, type KeptRoutine } from './kept';

const NOW = new Date('2026-11-23T12:00:00Z');
const ASK = firstAsk(['cycle'], ['mat']);
let draft: Draft;
beforeAll(async () => {
  const made = await (await testMaker()).make({
    request: { kind: 'warmup', activity: 'cycle', budget_s: 600 },
    profile: { conditions: ['lumbar_disc'], equipment: ['mat'] },
  });
  draft = draftOf(made, ASK);
});

test('what is kept is a record that the store and the server take', () => {
  expect(() => checkFields('routine', keptFields(draft, 'Before cycling', NOW), null)).not.toThrow();
});

test('it keeps the request and not what was known of the person', () => {
  expect(keptFields(draft, 'x', NOW).payload).toEqual({ request: draft.made.payload.request });
});

test('what was kept comes back with the same exercises and doses, where one is now', () => {
  const place = { ...firstAsk(), floor: false, equipment: ['chair'] };
  const opened = openKept({ id: 'x', data: keptFields(draft, 'x', NOW) as unknown as KeptRoutine }, place)!;
  expect(opened.ask).toMatchObject({ kind: 'warmup', activity: 'cycle', minutes: 10, floor: false, equipment: ['chair'] });
  expect(opened.items.map(({ slug, work_s_per_side: s, reps }) => [slug, s, reps])).toEqual(
    draft.items.map(({ slug, work_s_per_side: s, reps }) => [slug, s, reps]),
  );
});

test('a record without exercises is not opened', () => {
  expect(openKept({ id: 'x', data: { title: 'old' } }, ASK)).toBeNull();
});

test('favourites first, then the latest; archived ones are out of sight', () => {
  const list = keptOrder([
    { id: 'a', data: { order: 1 } }, { id: 'b', data: { order: 2 } }, { id: 'c', data: { order: 0, favourite: true } },
    { id: 'd', data: { order: 9, archived: true } },
  ]);
  expect(list.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
});
