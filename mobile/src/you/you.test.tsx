import { act, fireEvent, screen } from '@testing-library/react-native';

import { openWorld, settle } from '../../test/limber';
import { AboutScreen } from './AboutScreen';
import { LearnedScreen } from './LearnedScreen';
import { ProfileScreen } from './ProfileScreen';
import { RemindersScreen } from './RemindersScreen';
import { SettingsScreen } from './SettingsScreen';
import { YouScreen } from './YouScreen';

const mockPush = jest.fn();
jest.mock('expo-router', () => ({ useRouter: () => ({ push: mockPush, replace: mockPush, back: jest.fn(), canGoBack: () => false }) }));
jest.mock('react-native-safe-area-context', () => jest.requireActual<{ default: object }>('react-native-safe-area-context/jest/mock').default);
jest.mock('@/reminders/notices', () => ({ permission: async () => 'none', askPermission: async () => 'none', plant: async () => undefined, onPressed: () => () => undefined }));
jest.mock('@/i18n', () => ({ LANGUAGES: ['en', 'de'], LANGUAGE_NAMES: { en: 'English', de: 'Deutsch' } })); // its ICU is an ES module
jest.setTimeout(60_000); // the first render loads React Native

it('leads to everything about the person, and greets by name', async () => {
  const world = await openWorld();
  await world.store.write([{ collection: 'profile', id: 'me', set: { name: 'Ada' } }]);
  await world.show(<YouScreen />);
  expect(screen.getByText('Hello Ada')).toBeTruthy();
  for (const [name, href] of [['About you', '/you/profile'], ['Settings', '/you/settings'], ['Account and sync', '/you/account'], ['About Limber', '/you/about']]) {
    fireEvent.press(screen.getByRole('link', { name: new RegExp(`^${name!}`) }));
    expect(mockPush).toHaveBeenLastCalledWith(href);
  }
});

describe('about you', () => {
  it('is written as it is changed: level, what hurts, what one has', async () => {
    const world = await openWorld();
    await world.show(<ProfileScreen />);
    fireEvent.press(screen.getByRole('radio', { name: /^Trained/ }));
    fireEvent.press(screen.getByRole('checkbox', { name: 'Foam roller' }));
    await settle();
    expect((await world.store.get('profile', 'me'))!.data).toMatchObject({ level: 'trained', equipment: ['foam_roller'] });
  });

  it('writes what was typed also when the screen is left at once', async () => {
    const world = await openWorld();
    await world.show(<ProfileScreen />);
    fireEvent.changeText(screen.getByLabelText('Name'), 'Ada ');
    act(() => screen.unmount());
    await settle();
    expect((await world.store.get('profile', 'me'))!.data).toEqual({ name: 'Ada' });
  });

  it('finds a condition by the doctor’s word and by the plain one', async () => {
    const world = await openWorld();
    await world.show(<ProfileScreen />);
    fireEvent.press(screen.getByRole('button', { name: 'Choose' }));
    await settle();
    fireEvent.changeText(screen.getByLabelText('Search'), 'radicular');
    await settle();
    fireEvent.press(screen.getByRole('checkbox', { name: 'Slipped disc or pain down the leg' }));
    await settle();
    expect((await world.store.get('profile', 'me'))!.data).toEqual({ conditions: ['lumbar_disc'] });
  });

  it('says to see a doctor when a red flag is ticked', async () => {
    await (await openWorld()).show(<ProfileScreen />);
    fireEvent.press(screen.getByRole('checkbox', { name: 'One calf that is hot, swollen and sore' }));
    await settle();
    expect(screen.getByText('Please see a doctor first. While this is ticked, you get no routine.')).toBeTruthy();
  });

  it('keeps blood pressure only as two numbers that can be, and says when it is too high', async () => {
    const world = await openWorld();
    await world.show(<ProfileScreen />);
    fireEvent.changeText(screen.getByLabelText('Upper number'), '205');
    fireEvent.press(screen.getByRole('button', { name: 'Save' }));
    await settle();
    expect(screen.getByText('Upper 60 to 300, lower 30 to 200 and below the upper')).toBeTruthy();
    fireEvent.changeText(screen.getByLabelText('Lower number'), '100');
    await settle();
    expect(screen.getByText('That is high. Do not exercise now; call a doctor today.')).toBeTruthy();
    fireEvent.press(screen.getByRole('button', { name: 'Save' }));
    await settle();
    expect((await world.store.get('profile', 'me'))!.data).toMatchObject({ blood_pressure: { systolic: 205, diastolic: 100 } });
  });
});

describe('settings', () => {
  it('of the person sync, those of the screen stay on the device', async () => {
    const world = await openWorld();
    await world.show(<SettingsScreen />);
    fireEvent.press(screen.getByRole('radio', { name: 'Deutsch' }));
    fireEvent.press(screen.getByRole('radio', { name: 'Dark' }));
    fireEvent.press(screen.getByRole('switch', { name: /^High contrast/ }));
    fireEvent.press(screen.getByRole('switch', { name: /^I use my left hand/ }));
    await settle();
    expect((await world.store.get('preferences', 'app'))!.data).toEqual({ locale: 'de', theme: 'dark' });
    expect((await world.store.get('preferences', 'player'))!.data).toEqual({ hand: 'left' });
    expect(await world.store.recall('device-settings')).toEqual({ contrast: true });
  });

  it('has no health switch where there is no health store', async () => {
    await (await openWorld()).show(<SettingsScreen />);
    expect(screen.getByText('This device has no health store that Limber can write to.')).toBeTruthy();
  });
});

describe('reminders', () => {
  it('are added with a time as one types it, shown with their next words, and removed', async () => {
    const world = await openWorld();
    await world.show(<RemindersScreen />);
    fireEvent.press(screen.getByRole('button', { name: 'Add a reminder' }));
    await settle();
    fireEvent.changeText(screen.getByLabelText('Time'), 'soon');
    fireEvent.press(screen.getByRole('button', { name: 'Save' }));
    await settle();
    expect(screen.getByText('Like 07:30')).toBeTruthy();
    fireEvent.changeText(screen.getByLabelText('Time'), '7.30');
    fireEvent.press(screen.getByRole('radio', { name: 'Desk break' }));
    fireEvent.press(screen.getByRole('button', { name: 'Save' }));
    await settle();
    expect((await world.store.get('preferences', 'reminders'))!.data).toEqual({ reminders: [{ time: '07:30', days: [1, 2, 3, 4, 5], kind: 'desk_break' }] });
    expect(screen.getByText('The next ones')).toBeTruthy();
    fireEvent.press(screen.getByRole('button', { name: /^07:30 · Desk break/ }));
    await settle();
    fireEvent.press(screen.getByRole('button', { name: 'Remove' }));
    await settle();
    expect((await world.store.get('preferences', 'reminders'))!.data).toEqual({ reminders: [] });
  });

  it('a plan is a field of its own, and goes when it is taken off', async () => {
    const world = await openWorld();
    await world.show(<RemindersScreen />);
    fireEvent.press(screen.getByRole('button', { name: 'Plan something' }));
    await settle();
    fireEvent(screen.getByLabelText('Day'), 'accessibilityAction', { nativeEvent: { actionName: 'increment' } });
    fireEvent.press(screen.getByRole('radio', { name: 'Golf' }));
    fireEvent.press(screen.getByRole('button', { name: 'Plan' }));
    await settle();
    const fields = (await world.store.get('preferences', 'planned'))!.data;
    expect(Object.entries(fields)).toEqual([[expect.stringMatching(/^p_[0-9a-f]{32}$/), expect.objectContaining({ kind: 'warmup', activity: 'golf', budget_s: 600 })]]);
    fireEvent.press(screen.getByRole('button', { name: 'Remove: Golf · Warm-up' }));
    await settle();
    expect(screen.getByText('Nothing planned.')).toBeTruthy();
  });
});

describe('what was learned', () => {
  it('is told in words, and forgotten when somebody wants that and says so twice', async () => {
    const world = await openWorld('en', { tastes: async () => [{ name: 'type:balance', points: 42 }, { name: 'jumping', points: -20 }, { name: 'everything', points: 90 }] });
    await world.store.write([{ collection: 'preferences', id: 'learned', set: { learned: 'text' } }]);
    await world.show(<LearnedScreen />);
    expect(screen.getByText('Balance')).toBeTruthy();
    expect(screen.getByText('Jumping')).toBeTruthy();
    expect(screen.queryByText('Moving at all')).toBeNull();
    fireEvent.press(screen.getByRole('button', { name: 'Forget it all' }));
    await settle();
    fireEvent.press(screen.getAllByRole('button', { name: 'Forget it all' }).at(-1)!);
    await settle();
    expect((await world.store.get('preferences', 'learned'))!.data.learned ?? null).toBeNull();
    expect(screen.getByText('Forgotten. Limber begins anew.')).toBeTruthy();
  });
});

it('the app says which release and model it runs, and whose work it stands on', async () => {
  await (await openWorld()).show(<AboutScreen />);
  expect(screen.getByText('Release 1 · 335 exercises')).toBeTruthy();
  expect(screen.getByText('abababababababab')).toBeTruthy();
  expect(screen.getByText('react-native')).toBeTruthy();
});

it('a slider that is moved fast ends where it was moved to, in one change', async () => {
  const world = await openWorld();
  await world.show(<SettingsScreen />);
  for (let n = 0; n < 5; n += 1) {
    fireEvent(screen.getByLabelText('Text size'), 'accessibilityAction', { nativeEvent: { actionName: 'increment' } });
  }
  act(() => screen.unmount());
  await settle();
  expect(await world.store.recall('device-settings')).toEqual({ textScale: 1.5 });
});
