import { fireEvent, screen } from '@testing-library/react-native';

import { openWorld, settle } from '../../test/limber';
import { ExerciseDetail } from './ExerciseDetail';
import { Library } from './Library';

const mockPush = jest.fn();
jest.mock('expo-router', () => ({ useRouter: () => ({ push: mockPush, replace: mockPush, back: jest.fn(), canGoBack: () => false }) }));
jest.mock('react-native-safe-area-context', () => jest.requireActual<{ default: object }>('react-native-safe-area-context/jest/mock').default);
jest.mock('@/figure/Figure', () => ({ Figure: () => null }), { virtual: true });
jest.setTimeout(60_000); // the first render loads React Native

const type = async (text: string): Promise<void> => {
  fireEvent.changeText(screen.getByLabelText('Search exercises'), text);
  await settle();
};

describe('the library', () => {
  it('finds by a slip of the finger and opens what is pressed', async () => {
    await (await openWorld()).show(<Library />);
    expect(screen.getByText('335 exercises')).toBeTruthy();
    await type('glute brigde');
    fireEvent.press(screen.getAllByRole('link', { name: /^Glute bridge/ })[0]!);
    expect(mockPush).toHaveBeenCalledWith('/library/glute-bridge');
  });

  it('finds by the German name when English has nothing, and says so when neither has', async () => {
    await (await openWorld()).show(<Library />);
    await type('Wandengel');
    expect(screen.getByRole('link', { name: /^Wall angel/ })).toBeTruthy();
    await type('zzzzzz');
    expect(screen.getByText('Nothing like that')).toBeTruthy();
  });

  it('narrows by what is chosen, and shows what one keeps out', async () => {
    const world = await openWorld();
    await world.store.write([{ collection: 'exercise_pref', id: 'cat-cow', set: { rating: -1 } }]);
    await world.show(<Library />);
    fireEvent.press(screen.getByRole('radio', { name: 'Left out by me' }));
    await settle();
    expect(screen.getByText('1 exercise')).toBeTruthy();
    fireEvent.press(screen.getByRole('radio', { name: 'All' }));
    fireEvent.press(screen.getByRole('button', { name: 'Filter' }));
    fireEvent.press(screen.getByRole('checkbox', { name: 'Breathing' }));
    await settle();
    expect(screen.getByRole('button', { name: /^Show \d exercises$/ })).toBeTruthy();
    expect(screen.getByText('Filter, 1 set')).toBeTruthy();
  });
});

describe('an exercise', () => {
  it('tells how, what it works, what stands behind it and with whose grade', async () => {
    await (await openWorld()).show(<ExerciseDetail slug="calf-stretch-wall" />);
    expect(screen.getByText(/Back heel down, knee straight/)).toBeTruthy();
    expect(screen.getByText('Stretch until it feels tight, never until it hurts.')).toBeTruthy();
    expect(screen.getAllByText(/Garber 2011/).length).toBeGreaterThan(0);
    expect(screen.getAllByText('Strong: many studies, or a guideline').length).toBeGreaterThan(0);
    expect(screen.getByText('Achilles tendon pain')).toBeTruthy();
  });

  it('is a favourite, disliked, or left out until a day, in the record that syncs', async () => {
    const world = await openWorld();
    await world.show(<ExerciseDetail slug="cobra" />);
    fireEvent.press(screen.getByRole('checkbox', { name: 'Favourite' }));
    await settle();
    expect((await world.store.get('exercise_pref', 'cobra'))!.data).toMatchObject({ favourite: true });
    fireEvent.press(screen.getByRole('button', { name: 'Leave it out for a while' }));
    await settle();
    fireEvent.press(screen.getByRole('button', { name: 'A month' }));
    await settle();
    expect((await world.store.get('exercise_pref', 'cobra'))!.data).toMatchObject({ excluded: true, until: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
    expect(screen.getByText(/^Left out until /)).toBeTruthy();
    fireEvent.press(screen.getByRole('button', { name: 'Bring it back' }));
    await settle();
    expect((await world.store.get('exercise_pref', 'cobra'))!.data).toMatchObject({ excluded: false, favourite: true });
  });

  it('speaks German when German is spoken', async () => {
    await (await openWorld('de')).show(<ExerciseDetail slug="cobra" />);
    expect(screen.getByText('Kobra')).toBeTruthy();
    expect(screen.getByText(/Heb die Brust/)).toBeTruthy();
    expect(screen.getByText('Sehr bewegliche Gelenke (Hypermobilität)')).toBeTruthy();
  });

  it('that this release does not have leads back to those it has', async () => {
    await (await openWorld()).show(<ExerciseDetail slug="not-here" />);
    fireEvent.press(screen.getByRole('button', { name: 'See all exercises' }));
    expect(mockPush).toHaveBeenCalledWith('/library');
  });
});
