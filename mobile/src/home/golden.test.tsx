/** From the first launch to a routine, and back to it the next day. */

import { fireEvent, screen, waitFor } from '@testing-library/react-native';

import Home from '@/app/index';
import Routine from '@/app/routine';
import Start from '@/app/start';
import Kept from '@/app/routines';
import type { AskMemory } from '@/domain/ask';

import { renderApp } from '../../test/app';

jest.setTimeout(60_000);

const Blank = () => null;
const ROUTES = { index: Home, start: Start, routine: Routine, routines: Kept, play: Blank, 'you/profile': Blank };
const SLOW = { timeout: 20_000 };
const onboarded = (store: { remember: (key: string, value: unknown) => Promise<void> }) => store.remember('onboarding', { done: 'x', flags: true });

const press = (name: string | RegExp) => fireEvent.press(screen.getByRole('button', { name }));
const tick = (name: string | RegExp) => fireEvent.press(screen.getByRole('checkbox', { name }));

test('the first launch asks five short things and ends in a first routine', async () => {
  const app = await renderApp(ROUTES, '/');
  await waitFor(() => expect(app.path()).toBe('/start'));
  tick('Cycling');
  press('Next');
  fireEvent.press(screen.getByRole('radio', { name: /Just starting/ }));
  press('Next');
  await screen.findByText('Does anything hurt?');
  press('Next');
  tick('Mat');
  press('Next');
  expect(screen.getByText('Is any of this true right now?')).toBeTruthy();
  press('None of these');
  await screen.findByRole('button', { name: 'Start' }, SLOW);
  expect(app.path()).toBe('/routine');
  expect((await app.store.get('profile', 'me'))?.data).toEqual({ activities: ['cycle'], level: 'beginner', equipment: ['mat'] });
  expect(await app.store.recall('onboarding')).toMatchObject({ flags: true });
  expect(screen.getByRole('heading', { name: 'Before cycling' })).toBeTruthy();
});

test('the start can be skipped whole, and the question on safety stays open, gently', async () => {
  const app = await renderApp(ROUTES, '/start');
  await screen.findByText('What do you do?');
  press('Skip all');
  await waitFor(() => expect(app.path()).toBe('/'));
  expect(await screen.findByText('A safety question is open')).toBeTruthy();
  expect(await app.store.get('profile', 'me')).toBeNull();
});

test('a warning sign gives no routine but words on what to do, and home says so too', async () => {
  const app = await renderApp(ROUTES, '/start?step=flags', { prepare: onboarded });
  fireEvent.press(await screen.findByRole('checkbox', { name: /chest/ }));
  press('Go on');
  expect(await screen.findByText('Please get this looked at first', {}, SLOW)).toBeTruthy();
  expect(screen.getByText(/call your emergency number/)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Start' })).toBeNull();
  expect((await app.store.get('profile', 'me'))?.data).toEqual({ red_flags: ['chest_pain'] });
});

test('home makes what is asked for, and remembers it', async () => {
  const app = await renderApp(ROUTES, '/', { prepare: onboarded });
  fireEvent.press(await screen.findByRole('radio', { name: /Desk break/ }));
  const dial = screen.getByRole('slider', { name: 'Minutes' });
  fireEvent(dial, 'accessibilityAction', { nativeEvent: { actionName: 'decrement' } });
  tick('Sitting only');
  press('Make my routine');
  await screen.findByRole('button', { name: 'Start' }, SLOW);
  expect(screen.getByRole('heading', { name: 'Desk break' })).toBeTruthy();
  const memory = await app.store.recall<AskMemory>('ask');
  expect(memory?.last).toMatchObject({ kind: 'desk_break', minutes: 9, seated: true });
});

test('two taps repeat yesterday’s: the card, then start', async () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString();
  const first = await renderApp(ROUTES, '/', { prepare: onboarded });
  fireEvent.press(await screen.findByRole('button', { name: 'Make my routine' }));
  await screen.findByRole('button', { name: 'Start' }, SLOW);
  const draft = await waitFor(async () => {
    const kept = await first.store.recall<{ ask: object; items: { slug: string }[] }>('draft');
    expect(kept).toBeDefined();
    return kept!;
  });
  screen.unmount();

  const app = await renderApp(ROUTES, '/', {
    prepare: async (store) => {
      await onboarded(store);
      await store.remember('last', { at: yesterday, ask: draft.ask, items: draft.items });
    },
  });
  fireEvent.press(await screen.findByRole('button', { name: /Once more/ }));
  const start = await screen.findByRole('button', { name: 'Start' }, SLOW);
  expect((await app.store.recall<{ items: { slug: string }[] }>('draft'))?.items.map(({ slug }) => slug)).toEqual(draft.items.map(({ slug }) => slug));
  fireEvent.press(start);
  await waitFor(() => expect(app.path()).toBe('/play'), SLOW);
  expect(await app.store.recall('playing')).toMatchObject({ made: { routine: { status: 'ok' } } });
});

test('a reminder or quick action opens home with its choices made', async () => {
  await renderApp(ROUTES, '/?kind=desk_break&minutes=4', { prepare: onboarded });
  expect(await screen.findByRole('radio', { name: /Desk break/ })).toBeChecked();
  expect(screen.getByRole('slider', { name: 'Minutes' })).toHaveAccessibilityValue({ now: 4 });
});

test('the same in German', async () => {
  await renderApp(ROUTES, '/', { language: 'de', prepare: onboarded });
  fireEvent.press(await screen.findByRole('button', { name: 'Stell mir etwas zusammen' }));
  expect(await screen.findByRole('button', { name: 'Los geht’s' }, SLOW)).toBeTruthy();
});
