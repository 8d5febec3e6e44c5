/** The routine that is looked at: what can be changed, what is refused and in which words, what is kept and shared. */

import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';
import { Share } from 'react-native';

import Home from '@/app/index';
import Link from '@/app/r';
import Routine from '@/app/routine';
import Kept from '@/app/routines';
import { firstAsk } from '@/domain/ask';
import { swaps, type Draft } from '@/domain/draft';
import { useFragment } from '@/routine/fragment';
import type { Store } from '@/store/types';

import { renderApp, type TestApp } from '../../test/app';

jest.setTimeout(60_000);
jest.mock('@/routine/fragment', () => ({ useFragment: jest.fn(() => undefined) }));

const Blank = () => null;
const ROUTES = { index: Home, start: Blank, routine: Routine, routines: Kept, r: Link, play: Blank, 'library/[slug]': Blank };
const SLOW = { timeout: 20_000 };

const press = (name: string | RegExp) => fireEvent.press(screen.getByRole('button', { name }));
const slugs = async (app: TestApp) => (await app.store.recall<Draft>('draft'))!.items.map(({ slug }) => slug);

async function made(prepare?: (store: Store) => Promise<unknown>): Promise<TestApp> {
  const app = await renderApp(ROUTES, '/', {
    prepare: async (store) => {
      await store.remember('onboarding', { done: 'x', flags: true });
      await store.remember('ask', { last: firstAsk(['run_distance'], ['mat']), recent: [] });
      await prepare?.(store);
    },
  });
  fireEvent.press(await screen.findByRole('button', { name: 'Make my routine' }));
  await screen.findByRole('button', { name: 'Start' }, SLOW);
  await waitFor(async () => expect(await app.store.recall('draft')).toBeDefined());
  return app;
}

function nameOf(app: TestApp, slug: string): string {
  const exercise = app.limber.catalog.exercises[app.limber.catalog.places.get(slug)!] as unknown as { name: string };
  return exercise.name.replace(/[()/]/g, '.');
}

/** Opens the card of the nth exercise. */
async function open(app: TestApp, place: number): Promise<void> {
  fireEvent.press(screen.getByRole('button', { name: new RegExp(`^${nameOf(app, (await slugs(app)).at(place)!)}`), expanded: false }));
}

test('an exercise can be removed, and the change undone', async () => {
  const app = await made();
  const before = await slugs(app);
  await open(app, -1);
  press('Remove');
  await waitFor(async () => expect(await slugs(app)).toEqual(before.slice(0, -1)));
  press('Undo');
  await waitFor(async () => expect(await slugs(app)).toEqual(before));
});

test('what would break a rule of safety is refused in words, and nothing changes', async () => {
  const app = await made();
  const before = await slugs(app);
  for (let n = 0; n < 3 && screen.queryByText(/needs enough easy movement/) === null; n += 1) {
    await open(app, 0);
    press('Remove');
  }
  expect(await screen.findByText('That would not be safe')).toBeTruthy();
  expect(screen.getByText(/A warm-up needs enough easy movement at the start/)).toBeTruthy();
  expect((await slugs(app)).length).toBeGreaterThanOrEqual(before.length - 2);
});

test('an exercise is swapped for one that suits, and says what it came in for', async () => {
  const app = await made();
  const before = await slugs(app);
  const { catalog } = app.limber;
  const [offer] = swaps(catalog, (await app.store.recall<Draft>('draft'))!, 3);
  await open(app, 3);
  press('Swap');
  await screen.findByText(/^Instead of/);
  fireEvent.press(screen.getByRole('button', { name: new RegExp(`^${nameOf(app, offer!)}`) }));
  await waitFor(async () => expect(await slugs(app)).toEqual(before.map((slug, at) => (at === 3 ? offer : slug))));
  expect(screen.getByText(/^You chose it, instead of/)).toBeTruthy();
});

test('what somebody says after it was made counts: it is not started as it is', async () => {
  const app = await made();
  expect(screen.getByRole('button', { name: 'Start' })).toBeEnabled();
  await act(() => app.store.write([{ collection: 'profile', id: 'me', set: { acute_regions: ['knee', 'ankle', 'hip'] } }]));
  expect(await screen.findByText('Not as it is, for you today')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Start' })).toBeDisabled();
  await act(() => app.store.write([{ collection: 'profile', id: 'me', set: { acute_regions: [] } }]));
  await waitFor(() => expect(screen.getByRole('button', { name: 'Start' })).toBeEnabled());
});

test('another one is another one', async () => {
  const app = await made();
  const before = await slugs(app);
  press('Another one');
  await waitFor(async () => expect(await slugs(app)).not.toEqual(before), SLOW);
});

test('the heart keeps it, the list opens it again, and lets go of it', async () => {
  const app = await made();
  const before = await slugs(app);
  press('Keep this routine');
  await screen.findByRole('button', { name: 'No longer keep it' });
  const [record] = await app.store.list('routine');
  expect(record!.data).toMatchObject({ kind: 'warmup', activity: 'run_distance', title: 'Before running' });
  press('Back');
  fireEvent.press(await screen.findByRole('link', { name: /Kept routines/ }));
  fireEvent.press(await screen.findByRole('button', { name: /^Before running/ }));
  await screen.findByRole('button', { name: 'No longer keep it' }, SLOW);
  expect(await slugs(app)).toEqual(before);
  press('No longer keep it');
  await waitFor(async () => expect(await app.store.list('routine')).toEqual([]));
});

test('a shared link carries exercises and nothing about the person, and is checked for whoever opens it', async () => {
  const share = jest.spyOn(Share, 'share').mockResolvedValue({ action: 'sharedAction' });
  await made((store) => store.write([{ collection: 'profile', id: 'me', set: { conditions: ['lumbar_disc'], name: 'Mia' } }]));
  press('Share');
  fireEvent.press(await screen.findByRole('button', { name: /As a link/ }));
  await waitFor(() => expect(share).toHaveBeenCalled());
  const link = (share.mock.calls[0]![0] as { message: string }).message;
  const fragment = link.split('#')[1]!;
  expect(atob(fragment.replace(/-/g, '+').replace(/_/g, '/'))).not.toMatch(/lumbar|Mia|reason/);
  screen.unmount();

  jest.mocked(useFragment).mockReturnValue(fragment);
  const other = await renderApp(ROUTES, '/r', {
    prepare: (store) => store.write([{ collection: 'profile', id: 'me', set: { constraints: ['seated_only'] } }]),
  });
  expect(await screen.findByText(/Somebody shared this routine with you/, {}, SLOW)).toBeTruthy();
  expect(screen.getByText('Not as it is, for you today')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Start' })).toBeDisabled();
  expect(other.path()).toBe('/routine');
});

test('a damaged link says so', async () => {
  jest.mocked(useFragment).mockReturnValue('nonsense');
  await renderApp(ROUTES, '/r');
  expect(await screen.findByText('This link does not work')).toBeTruthy();
});

test('wishes that do not fit together are named', async () => {
  await renderApp(ROUTES, '/', {
    prepare: async (store) => {
      const acute = ['hip', 'knee', 'ankle', 'shoulder', 'lumbar_spine'];
      await store.write([{ collection: 'profile', id: 'me', set: { acute_regions: acute } }]);
      await store.remember('onboarding', { done: 'x', flags: true });
      await store.remember('ask', { last: { ...firstAsk(['lift_squat']), minutes: 45, seated: true, floor: false, roomy: false, loud: false }, recent: [] });
    },
  });
  fireEvent.press(await screen.findByRole('button', { name: 'Make my routine' }));
  expect(await screen.findByText('That does not fit together', {}, SLOW)).toBeTruthy();
  expect(screen.getByText(/Too little easy movement is left/)).toBeTruthy();
});
