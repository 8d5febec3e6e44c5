import { againOf, type LastPlayed } from './again';
import { activityOrder, constraintsOf, firstAsk, mended, remembered } from './ask';
import { catalog } from '../../test/maker';

const NOW = new Date('2026-11-23T09:00:00');
const LAST: LastPlayed = { at: '2026-11-22T18:00:00.000Z', ask: firstAsk(['cycle']), items: [] };

test('before the first session there is nothing to repeat', () => {
  expect(againOf(undefined, [], NOW)).toBeNull();
});

test('what was begun here yesterday is repeated with its exercises', () => {
  expect(againOf(LAST, [], NOW)).toEqual({ ask: LAST.ask, items: [], days: 1 });
});

test('what another device did later is repeated as it was asked for', () => {
  const data = {
    at: '2026-11-23T06:00:00Z',
    payload: { request: { kind: 'cooldown', activity: 'swim', budget_s: 480 }, profile: { constraints: ['no_floor'], equipment: ['chair'] } },
  };
  expect(againOf(LAST, [{ id: 'x', data }], NOW)).toMatchObject({
    items: null, days: 0, ask: { kind: 'cooldown', activity: 'swim', minutes: 8, floor: false, roomy: true, equipment: ['chair'] },
  });
});

test('a session record of a newer app that cannot be read is not repeated', () => {
  expect(againOf(undefined, [{ id: 'x', data: { at: '2026-11-23T06:00:00Z', payload: { request: { kind: 'dance' } } } }], NOW)).toBeNull();
});

test('the first ask follows what somebody does', () => {
  expect(firstAsk(['desk_work'])).toMatchObject({ kind: 'desk_break', minutes: 5 });
  expect(firstAsk(['cycle'], ['mat'], 'beginner')).toMatchObject({ kind: 'warmup', activity: 'cycle', minutes: 8, equipment: ['mat'] });
  expect(firstAsk()).toMatchObject({ kind: 'mobility', activity: 'general' });
});

test('the latest activity comes first and is there once', () => {
  let memory = remembered(undefined, firstAsk(['cycle']));
  memory = remembered(memory, firstAsk(['swim']));
  memory = remembered(memory, firstAsk(['cycle']));
  expect(memory.recent).toEqual(['cycle', 'swim']);
  expect(activityOrder(['a', 'b', 'cycle', 'swim'], memory.recent, ['b'], (code) => code)).toEqual(['cycle', 'swim', 'b', 'a']);
});

test('an ask of an older catalogue is mended, not refused', () => {
  const ask = { ...firstAsk(), activity: 'quidditch', minutes: 90, equipment: ['mat', 'broom'] };
  expect(mended(ask, catalog)).toMatchObject({ activity: 'general', minutes: 45, equipment: ['mat'] });
});

test('where one is becomes the wishes of the taxonomy', () => {
  expect(constraintsOf({ ...firstAsk(), floor: false, roomy: false, loud: false, seated: true })).toEqual(
    ['no_floor', 'small_space', 'no_jump', 'seated_only'],
  );
});
