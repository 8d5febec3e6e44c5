import { fireEvent, screen } from '@testing-library/react-native';

import { openWorld, settle, type World } from '../../test/limber';
import { ProgressScreen } from './ProgressScreen';
import { TestScreen } from './TestScreen';

const mockPush = jest.fn();
jest.mock('expo-router', () => ({ useRouter: () => ({ push: mockPush, replace: mockPush, back: jest.fn(), canGoBack: () => false }) }));
jest.mock('react-native-safe-area-context', () => jest.requireActual<{ default: object }>('react-native-safe-area-context/jest/mock').default);
jest.mock('@/figure/Figure', () => ({ Figure: () => null }), { virtual: true });
jest.setTimeout(60_000); // the first render loads React Native

const done = (world: World, daysAgo: number, minutes: number) => world.store.create('session', {
  at: new Date(Date.now() - daysAgo * 86_400_000 - 1000).toISOString(), model: 'ab'.repeat(32), catalog: 1,
  payload: { request: { kind: 'warmup', activity: 'tennis', budget_s: 600 } }, rpe: 3, completed_s: minutes * 60,
  slots: [{ slug: 'cat-cow', place: 0, propensity: 1, explored: false, outcome: 'completed', rating: null, pain: 0 }],
});
const measured = (world: World, side: string, value: number, at: string) => world.store.create('assessment', {
  test: 'knee_to_wall', side, value, at, unit: 'cm', trials: [value], pain: 0, regions: [],
});

describe('progress', () => {
  it('before the first session invites, and counts nothing against anybody', async () => {
    await (await openWorld()).show(<ProgressScreen />);
    expect(screen.getByText('Nothing here yet')).toBeTruthy();
    fireEvent.press(screen.getByRole('button', { name: 'Make a routine' }));
    expect(mockPush).toHaveBeenCalledWith('/');
  });

  it('says minutes and rhythm, as a chart and as a table of the same numbers', async () => {
    const world = await openWorld();
    await done(world, 0, 8);
    await done(world, 7, 12);
    await world.show(<ProgressScreen />);
    expect(screen.getByText('8 minutes')).toBeTruthy();
    expect(screen.getByText('You moved on 2 days in the last four weeks.')).toBeTruthy();
    expect(screen.getByText('You moved today.')).toBeTruthy();
    expect(screen.getByLabelText(/^Bar chart of the minutes in each of the last 8 weeks\. Most: .*12 minutes\. This week: 8 minutes\.$/)).toBeTruthy();
    fireEvent.press(screen.getByRole('button', { name: 'Show as a table' }));
    await settle();
    expect(screen.getAllByLabelText('Minutes a week')).toHaveLength(2); // the section, and the table in it
    expect(screen.getByText('12')).toBeTruthy();
    expect(screen.queryByText(/streak/i)).toBeNull();
  });
});

describe('a self-test', () => {
  it('keeps the tries with their mean, comma or point', async () => {
    const world = await openWorld();
    await world.show(<TestScreen code="knee_to_wall" />);
    fireEvent.press(screen.getByRole('button', { name: 'Measure your left side' }));
    await settle();
    fireEvent.changeText(screen.getByLabelText('Try 1 (centimetres)'), '8,5');
    fireEvent.changeText(screen.getByLabelText('Try 2 (centimetres)'), '9.5');
    fireEvent.press(screen.getByRole('button', { name: 'Save' }));
    await settle();
    expect((await world.store.list('assessment')).map(({ data }) => data)).toEqual([
      expect.objectContaining({ test: 'knee_to_wall', side: 'left', unit: 'cm', value: 9, trials: [8.5, 9.5], pain: 0 }),
    ]);
    expect(screen.getByText('Your first measure. Do it again in a few weeks.')).toBeTruthy();
  });

  it('takes no reading that cannot be', async () => {
    const world = await openWorld();
    await world.show(<TestScreen code="knee_to_wall" />);
    fireEvent.press(screen.getByRole('button', { name: 'Measure your left side' }));
    await settle();
    fireEvent.changeText(screen.getByLabelText('Try 1 (centimetres)'), '85');
    fireEvent.press(screen.getByRole('button', { name: 'Save' }));
    await settle();
    expect(screen.getByText('A number from 0 to 30')).toBeTruthy();
    expect(await world.store.list('assessment')).toEqual([]);
  });

  it('calls a change within the noise what it is, and one beyond it more', async () => {
    const world = await openWorld();
    await measured(world, 'left', 8, '2026-01-01T10:00:00.000Z');
    await measured(world, 'left', 9, '2026-02-01T10:00:00.000Z');
    await measured(world, 'right', 8, '2026-01-01T10:00:00.000Z');
    await measured(world, 'right', 11, '2026-02-01T10:00:00.000Z');
    await world.show(<TestScreen code="knee_to_wall" />);
    expect(screen.getByText('Same as before, as far as this test can tell (changes under 2 cm are noise).')).toBeTruthy();
    expect(screen.getByText('More than before by 3 cm. Noise alone would stay under 2 cm.')).toBeTruthy();
    expect(screen.getByLabelText(/^Line chart\. Left: 8 cm on .*, 9 cm on .*, 2 measures\./)).toBeTruthy();
  });

  it('offers to work on the side that has less, and takes it back', async () => {
    const world = await openWorld();
    await measured(world, 'left', 8, '2026-01-01T10:00:00.000Z');
    await measured(world, 'right', 11, '2026-01-01T10:00:00.000Z');
    await world.show(<TestScreen code="knee_to_wall" />);
    expect(screen.getByText('Your left side has less, by 3 cm.')).toBeTruthy();
    fireEvent.press(screen.getByRole('button', { name: 'Give it more time in my routines' }));
    await settle();
    expect((await world.store.get('profile', 'me'))!.data).toEqual({ deficits: ['ankle.dorsiflexion'] });
    fireEvent.press(screen.getByRole('button', { name: 'Stop that' }));
    await settle();
    expect((await world.store.get('profile', 'me'))!.data).toEqual({ deficits: [] });
  });

  it('is advised against with a condition that it does not go with', async () => {
    const world = await openWorld();
    await world.store.write([{ collection: 'profile', id: 'me', set: { conditions: ['calf_strain'] } }]);
    await world.show(<TestScreen code="knee_to_wall" />);
    expect(screen.getByText('Better leave this test out: you named Pulled calf, less than 6 weeks ago.')).toBeTruthy();
  });

  it('of a newer app leads back', async () => {
    await (await openWorld()).show(<TestScreen code="handstand" />);
    expect(screen.getByRole('button', { name: 'All tests' })).toBeTruthy();
  });
});
