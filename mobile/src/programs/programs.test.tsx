/** Programs: started, gone on with, stopped; each session is a routine made for the person. */

import { fireEvent, screen, waitFor } from '@testing-library/react-native';

import Home from '@/app/index';
import ProgramRoute from '@/app/programs/[code]';
import Programs from '@/app/programs/index';
import Routine from '@/app/routine';
import { firstAsk } from '@/domain/ask';
import type { Draft } from '@/domain/draft';
import type { Store } from '@/store/types';

import { renderApp, type TestApp } from '../../test/app';

jest.setTimeout(60_000);

const Blank = () => null;
const ROUTES = { index: Home, start: Blank, play: Blank, routines: Blank, routine: Routine, 'programs/index': Programs, 'programs/[code]': ProgramRoute };
const SLOW = { timeout: 20_000 };
const STARTED = '2026-01-05T08:00:00Z';

const open = (path: string, prepare?: (store: Store) => Promise<unknown>): Promise<TestApp> =>
  renderApp(ROUTES, path, {
    prepare: async (store) => {
      await store.remember('onboarding', { done: 'x', flags: true });
      await store.remember('ask', { last: firstAsk(['run_distance'], ['mat']), recent: [] });
      await prepare?.(store);
    },
  });

const follow = (store: Store): Promise<void> =>
  store.write([{ collection: 'preferences', id: 'program.desk_week', set: { started_at: STARTED, ended_at: null } }]);

test('starting a program makes its first session, for this person and for the part that it is about', async () => {
  const app = await open('/programs/desk_week');
  fireEvent.press(await screen.findByRole('button', { name: 'Start: Neck and shoulders, 4 min' }));
  await screen.findByRole('button', { name: 'Start' }, SLOW);
  await waitFor(async () => expect(await app.store.recall('draft')).toBeDefined());
  const { ask, made } = (await app.store.recall<Draft>('draft'))!;
  expect(ask).toMatchObject({ program: 'desk_week/0.0', minutes: 4 });
  expect(made.payload).toMatchObject({
    request: { kind: 'desk_break', activity: 'desk_work', budget_s: 240 }, profile: { constraints: ['no_floor'], deficits: ['neck', 'shoulder'] },
  });
  expect((await app.store.get('preferences', 'program.desk_week'))!.data).toMatchObject({ started_at: expect.stringMatching(/^\d{4}-/), ended_at: null });
  // What the person chose for themselves stays as it was.
  expect(await app.store.recall('ask')).toMatchObject({ last: { activity: 'run_distance' } });
});

test('home offers the next session in one tap', async () => {
  const app = await open('/', follow);
  expect(await screen.findByText('Desk week · 0 of 5 done')).toBeTruthy();
  fireEvent.press(screen.getByText('Neck and shoulders'));
  await screen.findByRole('button', { name: 'Start' }, SLOW);
  expect((await app.store.recall<Draft>('draft'))?.ask).toMatchObject({ program: 'desk_week/0.0' });
});

test('stopping a program keeps what was done, and it can be started again', async () => {
  await open('/programs/desk_week', follow);
  fireEvent.press(await screen.findByRole('button', { name: 'Stop this program' }));
  fireEvent.press((await screen.findAllByRole('button', { name: 'Stop this program' })).at(-1)!);
  expect(await screen.findByRole('button', { name: 'Start: Neck and shoulders, 4 min' })).toBeTruthy();
});

test('the list says what does not go with somebody, and why', async () => {
  await open('/programs', (store) => store.write([{ collection: 'profile', id: 'me', set: { conditions: ['shoulder_instability'] } }]));
  expect(await screen.findByText('Desk week')).toBeTruthy();
  expect(screen.getByText(/^Not offered with what you told us: /)).toBeTruthy();
});

test('a program that is not in this catalogue is said to be unknown', async () => {
  await open('/programs/moon_walk');
  expect((await screen.findAllByText('Not among the programs')).length).toBeGreaterThan(0);
});
