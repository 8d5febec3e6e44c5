import { act, fireEvent, screen } from '@testing-library/react-native';

import type { Workout } from '@/domain/healthLog';

import { openWorld, settle, type World } from '../../test/limber';
import { DueReminder } from './DueReminder';
import { QuietWork } from './QuietWork';
import type { Shortcut } from './shortcuts';
import type { Planted } from './types';

const mockPush = jest.fn();
const mockPlanted: (readonly Planted[])[] = [];
const mockActions: (readonly Shortcut[])[] = [];
const mockWritten: { workout: Workout; title: string }[] = [];
let mockPermission = 'granted';
let mockPressed: (href: string) => void = () => undefined;
const mockHealth = {
  name: 'Apple Health', available: async () => true, ask: async () => true,
  write: async (workout: Workout, title: string) => {
    if (workout.kind === 'desk_break') throw new Error('refused');
    mockWritten.push({ workout, title });
  },
};
jest.mock('expo-router', () => ({ useRouter: () => ({ push: mockPush }) }));
jest.mock('@/health/health', () => ({ get healthStore() { return mockHealth; } }));
jest.mock('./notices', () => ({
  permission: async () => mockPermission,
  plant: async (notices: readonly Planted[]) => void mockPlanted.push(notices),
  onPressed: (go: (href: string) => void) => {
    mockPressed = go;
    return () => undefined;
  },
}));
jest.mock('./quickActions', () => ({ offerActions: async (actions: readonly Shortcut[]) => void mockActions.push(actions), onAction: () => () => undefined }));
jest.setTimeout(60_000); // the first render loads React Native

beforeEach(() => {
  mockPermission = 'granted';
  for (const list of [mockPlanted, mockActions, mockWritten]) list.length = 0;
  mockPush.mockClear();
});

const every = [1, 2, 3, 4, 5, 6, 7];
const remind = (world: World, time: string, kind: string) =>
  world.store.write([{ collection: 'preferences', id: 'reminders', set: { reminders: [{ time, days: every, kind }] } }]);
const done = (world: World, kind: string, at = new Date(Date.now() - 1000)) => act(() => world.store.create('session', {
  at: at.toISOString(), model: 'ab'.repeat(32), catalog: 1, payload: { request: { kind, activity: 'tennis', budget_s: 480 } }, rpe: 3, completed_s: 300,
  slots: [{ slug: 'cat-cow', place: 0, propensity: 1, explored: false, outcome: 'completed', rating: null, pain: 0 }],
}));

describe('reminders', () => {
  it('are planted with words that differ, and lead to what they say', async () => {
    const world = await openWorld();
    await remind(world, '07:30', 'desk_break');
    await world.show(<QuietWork />);
    const planted = mockPlanted.at(-1)!;
    expect(planted.length).toBeGreaterThanOrEqual(9);
    expect(new Set(planted.slice(0, 6).map(({ body }) => body)).size).toBeGreaterThanOrEqual(5);
    expect(planted[0]!.href).toMatch(/^\/\?kind=desk_break&minutes=[345]$/);
    mockPressed(planted[0]!.href);
    expect(mockPush).toHaveBeenCalledWith(planted[0]!.href);
  });

  it('name the session of a program that is due, and lead to it', async () => {
    const world = await openWorld();
    await remind(world, '23:59', 'desk_break');
    await world.store.write([{ collection: 'preferences', id: 'program.desk_week', set: { started_at: new Date().toISOString(), ended_at: null } }]);
    await world.show(<QuietWork />);
    const [today] = mockPlanted.at(-1)!;
    expect(today).toMatchObject({ href: '/programs/desk_week', body: expect.stringContaining('Neck and shoulders') });
    expect(today!.body).toContain('“Desk week”');
    await act(() => world.store.write([{ collection: 'preferences', id: 'program.desk_week', set: { ended_at: new Date().toISOString() } }]));
    await settle();
    expect(mockPlanted.at(-1)![0]!.href).toMatch(/^\/\?kind=desk_break/);
  });

  it('are planted anew after a session, without this day', async () => {
    const world = await openWorld();
    await remind(world, '23:59', 'mobility');
    await world.show(<QuietWork />);
    const before = mockPlanted.at(-1)!.length;
    await done(world, 'mobility');
    await settle();
    expect(mockPlanted.at(-1)!.length).toBe(before - 1);
  });

  it('are left alone where the phone may not ring', async () => {
    mockPermission = 'denied';
    const world = await openWorld();
    await remind(world, '07:30', 'mobility');
    await world.show(<QuietWork />);
    expect(mockPlanted).toEqual([]);
  });
});

it('quick actions offer what one did last, then two short ones', async () => {
  const world = await openWorld();
  await done(world, 'warmup');
  await world.show(<QuietWork />);
  expect(mockActions.at(-1)).toEqual([
    { id: 'again', title: 'Again: 8 min', href: '/?kind=warmup&minutes=8&activity=tennis' },
    { id: 'desk', title: 'Desk break, 3 min', href: '/?kind=desk_break&minutes=3' },
    { id: 'loosen', title: 'Loosen up, 10 min', href: '/?kind=mobility&minutes=10' },
  ]);
});

describe('the health store', () => {
  it('gets each session once, from the day that somebody allowed it', async () => {
    const world = await openWorld();
    await done(world, 'warmup', new Date('2026-01-01T10:00:00Z'));
    await world.store.remember('health', { on: true, since: '2026-01-02T00:00:00Z' });
    await done(world, 'cooldown');
    await done(world, 'mobility');
    await world.show(<QuietWork />);
    await settle();
    expect(mockWritten.map(({ title }) => title).sort()).toEqual(['Cool-down', 'Loosen up']);
    expect(await world.store.recall('health-written')).toHaveLength(2);
  });

  it('gets nothing until somebody turns it on, and a refusal stops nothing else', async () => {
    const world = await openWorld();
    await done(world, 'desk_break', new Date('2026-01-03T10:00:00Z'));
    await done(world, 'cooldown', new Date('2026-01-04T10:00:00Z'));
    await world.show(<QuietWork />);
    expect(mockWritten).toEqual([]);
    await act(() => world.store.remember('health', { on: true, since: '2026-01-02T00:00:00Z' }));
    await settle();
    expect(mockWritten.map(({ title }) => title)).toEqual(['Cool-down']);
  });
});

it('in the app, a program’s session that is due leads to its program', async () => {
  const world = await openWorld('de');
  await remind(world, '00:00', 'mobility');
  await world.store.write([{ collection: 'preferences', id: 'program.desk_week', set: { started_at: new Date().toISOString(), ended_at: null } }]);
  await world.show(<DueReminder />);
  expect(screen.getByText(/„Woche am Schreibtisch“.*Nacken und Schultern|Nacken und Schultern.*„Woche am Schreibtisch“/)).toBeTruthy();
  fireEvent.press(screen.getByRole('button', { name: 'Los' }));
  expect(mockPush).toHaveBeenCalledWith('/programs/desk_week');
});

it('in the app, what came due today shows until it is put away', async () => {
  const world = await openWorld();
  await remind(world, '00:00', 'mobility'); // midnight is the earliest that can be due today
  await world.show(<DueReminder />);
  fireEvent.press(screen.getByRole('button', { name: 'Go' }));
  expect(mockPush.mock.calls[0]![0]).toMatch(/^\/\?kind=mobility&minutes=\d+$/);
  fireEvent.press(screen.getByRole('button', { name: 'Not now' }));
  await settle();
  expect(screen.queryByRole('button', { name: 'Go' })).toBeNull();
});
