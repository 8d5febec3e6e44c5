import { placeOf } from './tabs';

test('the navigation is on every tab, and on wide screens everywhere but where one should stay', () => {
  expect(placeOf('/', false)).toEqual({ tab: 'home', shown: true });
  expect(placeOf('/library', false)).toEqual({ tab: 'library', shown: true });
  expect(placeOf('/library/a-march', false)).toEqual({ tab: 'library', shown: false });
  expect(placeOf('/library/a-march', true)).toEqual({ tab: 'library', shown: true });
  expect(placeOf('/routine', true)).toEqual({ tab: 'home', shown: true });
  for (const path of ['/play', '/play/after', '/start']) expect(placeOf(path, true).shown).toBe(false);
});
