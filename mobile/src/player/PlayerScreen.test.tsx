/** The player as somebody meets it: on fake time, with every word and no sound. */

import { act, fireEvent, render, screen } from '@testing-library/react-native';
import { createInstance } from 'i18next';
import { I18nextProvider, initReactI18next } from 'react-i18next';

import { begin, tick, type Play } from '@/domain/play';
import { PLANNED_PACE } from '@/domain/timeline';
import { readCatalog, type StoredDocument } from '@/generator/catalog';
import common from '@/i18n/en/common.json';
import figure from '@/i18n/en/figure.json';
import player from '@/i18n/en/player.json';
import { ENGLISH, labelsOf } from '@/i18n/words';

import bundled from '../../assets/models/catalog.json';
import { AfterScreen } from './AfterScreen';
import { PlayerScreen } from './PlayerScreen';

const { documents, release } = bundled as unknown as { documents: StoredDocument[]; release: number };
const mockCatalog = readCatalog(documents, release);
const mockLabels = labelsOf(mockCatalog, ENGLISH);
const mockRouter = { replace: jest.fn(), push: jest.fn(), back: jest.fn(), canGoBack: () => false };
const mockKept = new Map<string, unknown>();
const mockWritten: { collection: string; id: string; set: Record<string, unknown> }[][] = [];
const mockSaid: string[] = [];
const mockListeners = new Set<(changed: ReadonlySet<string>) => void>();
let mockProfile: Record<string, unknown> = {};
const mockStore = {
  get: async (_: string, id: string) => (id === 'me' ? { id, data: mockProfile } : null),
  recall: async (key: string) => mockKept.get(key),
  remember: async (key: string, value: unknown) => void mockKept.set(key, JSON.parse(JSON.stringify(value))),
  forget: async (key: string) => void mockKept.delete(key),
  write: async (changes: (typeof mockWritten)[number]) => void mockWritten.push(changes),
  list: async () => [],
  subscribe: (listener: (changed: ReadonlySet<string>) => void) => {
    mockListeners.add(listener);
    return () => mockListeners.delete(listener);
  },
};
const mockMaker = { learn: async () => 'learned', countOutcomes: async () => undefined };

jest.mock('expo-router', () => ({
  useRouter: () => mockRouter,
  Redirect: ({ href }: { href: string }) => {
    mockRouter.replace(href);
    return null;
  },
}));
jest.mock('react-native-safe-area-context', () => jest.requireActual<{ default: object }>('react-native-safe-area-context/jest/mock').default);
jest.mock('@/boot', () => ({ useLimber: () => ({ catalog: mockCatalog, store: mockStore, maker: mockMaker }) }));
jest.mock('@/boot/context', () => ({ useLimber: () => ({ catalog: mockCatalog, store: mockStore, maker: mockMaker }) }));
jest.mock('@/i18n/labels', () => ({ useLabels: () => mockLabels }));
jest.mock('@/store/hooks', () => ({ useRecord: () => null }));
jest.mock('@/store/entropy', () => ({ entropy: (n: number) => new Uint8Array(n) }));
jest.mock('@/figure/Figure', () => ({ Figure: () => null }));
jest.mock('./voice', () => ({ speak: (text: string) => mockSaid.push(text), hush: () => undefined }));
jest.mock('./sounds', () => ({ openSounds: () => ({ play: () => undefined, close: () => undefined }) }));
jest.mock('./Ring', () => ({ Ring: ({ children }: { children: unknown }) => children })); // draws too often for fake time
jest.mock('./touch', () => ({ touch: () => undefined }));
jest.mock('./awake', () => ({ stayAwake: () => () => undefined }));

/** The little of ICU that these words use; the real formatter is a module that jest cannot load. */
const ICU = {
  type: 'i18nFormat' as const,
  parse: (text: string, values: Record<string, unknown>): string => {
    const chosen = text.replace(/\{(\w+), (plural|select),((?: \w+ \{[^{}]*\})+)\}/g, (_, name: string, kind: string, forms: string) => {
      const value = kind === 'plural' ? (Number(values[name]) === 1 ? 'one' : 'other') : String(values[name]);
      const form = forms.match(new RegExp(` ${value} \\{([^{}]*)\\}`)) ?? forms.match(/ other \{([^{}]*)\}/);
      return form![1]!.replace('#', String(values[name]));
    });
    return chosen.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  },
  addLookupKeys: (keys: string[]) => keys,
};
jest.setTimeout(60_000); // the first render loads React Native

const i18n = createInstance();
beforeAll(() => i18n.use(ICU).use(initReactI18next).init({ lng: 'en', resources: { en: { player, common, figure } } }));

const item = (slug: string, origin: number, sides = 1) => ({
  slug, phase: 'mobilise', position: 'standing', reps: null, sets: 1, work_s_per_side: 30, sides, rest_s: 0, transition_s: 5, origin,
});
const ITEMS = [item('a-march', 0), item('calf-stretch-wall', 1, 2), item('neck-isometric', 2)];

function keep(play: Play = begin('0190', '2026-01-09T18:30:00.000Z', ITEMS, PLANNED_PACE)): void {
  const made = {
    routine: { items: ITEMS.map((one) => ({ ...one, propensity: 1 })) }, payload: { request: { kind: 'mobility' } }, model: 'ab',
    catalog: release, instead: { mobilise: ['wall-slide', 'shoulder-cars', 'wrist-circle'] },
  };
  mockKept.set('playing', { id: '0190', made, routine: null });
  mockKept.set('playing.place', play);
}

async function show(what = <PlayerScreen />): Promise<void> {
  render(<I18nextProvider i18n={i18n}>{what}</I18nextProvider>);
  await act(async () => jest.advanceTimersByTimeAsync(0));
}
const run = (seconds: number) => act(async () => jest.advanceTimersByTimeAsync(seconds * 1000));
const press = (name: string) => act(async () => fireEvent.press(screen.getByRole('button', { name })));
const timer = (): string => screen.getByLabelText(/seconds? left$/).props['aria-label'] as string;

beforeEach(() => {
  jest.useFakeTimers();
  mockKept.clear();
  mockProfile = {};
  mockListeners.forEach((listener) => listener(new Set(['profile'])));
  mockWritten.length = 0;
  mockSaid.length = 0;
  jest.clearAllMocks();
});
afterEach(() => {
  jest.useRealTimers();
});

test('it begins by itself, counts, and says what is next', async () => {
  keep();
  await show();
  expect(screen.getByText('A-march')).toBeTruthy();
  expect(screen.getByText('Get ready')).toBeTruthy();
  expect(mockSaid).toEqual(['Next: A-march.']);
  await run(7.05);
  expect(screen.getByText('Go')).toBeTruthy();
  expect(timer()).toBe('28 seconds left');
  expect(screen.getByText(`Next: ${mockLabels.exercise('calf-stretch-wall').name}`)).toBeTruthy();
});

test('pause stops the clock and go on starts it', async () => {
  keep();
  await show();
  await run(7.05);
  await press('Pause');
  await run(60);
  expect(timer()).toBe('28 seconds left');
  await press('Go on');
  await run(3);
  expect(timer()).toBe('25 seconds left');
});

test('a one-sided exercise shows its side, and a screen reader hears it once', async () => {
  keep();
  await show();
  await press('Next exercise');
  expect(screen.getByLabelText('Left side')).toBeTruthy();
  expect(screen.getByText(/^Next: .* 30 seconds each side\. Left side\.$/)).toBeTruthy();
  await run(36);
  expect(screen.getByLabelText('Right side')).toBeTruthy();
  expect(screen.getByText('Change sides. Right side.')).toBeTruthy();
  await run(5);
  expect(screen.queryByText('Change sides. Right side.')).toBeNull();
});

test('back after a kill it waits where it was', async () => {
  keep();
  await show();
  await run(12.05);
  screen.unmount();
  await show();
  expect(screen.getByText('Still here?')).toBeTruthy();
  expect(timer()).toBe('23 seconds left');
  await run(30);
  expect(timer()).toBe('23 seconds left');
});

test('what hurts stops, its region is spared in the rest, and it is written down', async () => {
  keep();
  await show();
  await press('Next exercise');
  await run(8);
  await press('Hurts');
  expect(screen.getByText('Where does it hurt?')).toBeTruthy();
  await act(async () => fireEvent.press(screen.getByRole('radio', { name: 'Neck' })));
  await press('Stop this exercise');
  expect(screen.getByText('Left out, to spare: Neck')).toBeTruthy();
  expect(screen.getByText(mockLabels.exercise('neck-isometric').name)).toBeTruthy();
  expect(mockWritten[0]![0]).toMatchObject({ collection: 'profile', set: { pain: { neck: { level: 4 } } } });
  const offers = screen.getAllByRole('button', { name: /^Instead: / });
  await act(async () => fireEvent.press(offers.at(-1)!));
  await press('Go on with the rest');
  expect(screen.getByText('Get ready')).toBeTruthy();
  expect(screen.queryByText(mockLabels.exercise('neck-isometric').name)).toBeNull();
});

const tell = async (profile: Record<string, unknown>): Promise<void> => {
  mockProfile = profile;
  await act(async () => {
    mockListeners.forEach((listener) => listener(new Set(['profile'])));
    await jest.advanceTimersByTimeAsync(0);
  });
};

test('what became known on the way keeps its exercises out, says why, and waits', async () => {
  keep();
  await show();
  await press('Next exercise');
  await run(8);
  await tell({ conditions: ['achilles_tendinopathy'] });
  expect(screen.getByText('Left out for you now')).toBeTruthy();
  expect(screen.getByText('Achilles tendon pain.')).toBeTruthy();
  const place = (): unknown => mockKept.get('playing.place');
  expect(place()).toMatchObject({ at: { item: 2 }, paused: 'person', items: [{}, { slug: 'calf-stretch-wall', state: 'left_out' }, { state: 'todo' }] });
  await run(60);
  await press('Go on with the rest');
  expect(screen.queryByText('Left out for you now')).toBeNull();
  await run(1);
  expect(place()).toMatchObject({ at: { item: 2 }, paused: null });
  await press('Back');
  expect(place()).toMatchObject({ items: [{}, { state: 'left_out' }, {}] });
});

test('what hurts is never exchanged for what a condition that was named since keeps out', async () => {
  keep();
  const offered = async (): Promise<string[]> => {
    await show();
    await press('Hurts');
    await act(async () => fireEvent.press(screen.getByRole('radio', { name: 'Knee' })));
    await press('Stop this exercise');
    return screen.queryAllByText(/^Instead: /).map((one) => String(one.props.children));
  };
  expect(await offered()).toContain('Instead: Forearm wall slide');
  screen.unmount();
  keep();
  mockProfile = { acute_regions: ['shoulder'] };
  mockListeners.forEach((listener) => listener(new Set(['profile'])));
  const later = await offered();
  expect(later).not.toContain('Instead: Forearm wall slide');
  expect(later).not.toEqual([]);
});

test('a sign of an emergency ends the routine with words to follow', async () => {
  keep();
  await show();
  await press('Hurts');
  await act(async () => fireEvent.press(screen.getByRole('radio', { name: 'Chest, breath, dizzy or numb' })));
  expect(screen.getByText(/call your emergency number/)).toBeTruthy();
  await press('End the routine');
  await run(1);
  expect(mockRouter.replace).toHaveBeenCalledWith('/play/after');
});

test('a slip on the cross loses nothing', async () => {
  keep();
  await show();
  await run(9.05);
  await press('Stop the routine');
  await run(20);
  await press('Keep going');
  expect(timer()).toBe('26 seconds left');
  await press('Stop the routine');
  await press('Go on later');
  await run(1);
  expect(mockRouter.replace).toHaveBeenCalledWith('/');
  expect(mockKept.has('playing')).toBe(true);
});

test('nothing to play says so', async () => {
  await show();
  expect(screen.getByText('Nothing is playing')).toBeTruthy();
});

test('after it: one touch on how hard, one on done, and it is written', async () => {
  keep(tick(begin('0190', '2026-01-09T18:30:00.000Z', ITEMS, PLANNED_PACE), 137_000, ''));
  await show();
  await press('Go on');
  await run(4);
  expect(mockRouter.replace).toHaveBeenCalledWith('/play/after');
  screen.unmount();
  await show(<AfterScreen />);
  expect(screen.getByText('Well done')).toBeTruthy();
  await act(async () => fireEvent.press(screen.getByRole('radio', { name: '3' })));
  await press('A-march: more like this');
  await press('Done');
  await run(1);
  expect(mockWritten.flat().map(({ collection }) => collection)).toEqual(['session', 'feedback', 'feedback', 'preferences']);
  expect(mockWritten[0]![0]!.set).toMatchObject({ rpe: 3, completed_s: 140, slots: [{ rating: 1 }, { rating: null }, { rating: null }] });
  expect(mockRouter.replace).toHaveBeenCalledWith('/');
  expect(mockKept.size).toBe(0);
});
