import { fireEvent, screen, within } from '@testing-library/react-native';

import { described } from '@/domain/library';
import { guideOf, guideWords, type MediaItem } from '@/domain/content';
import { readCatalog, type StoredDocument } from '@/generator/catalog';

import bundled from '../../assets/models/catalog.json';
import { catalog, openWorld, settle } from '../../test/limber';
import { ExerciseDetail } from './ExerciseDetail';
import imported from './fixtures/source.json'; // as the importer writes it: tests/mobile/test_sources.py
import { Library } from './Library';

const mockPush = jest.fn();
jest.mock('expo-router', () => ({ useRouter: () => ({ push: mockPush, replace: mockPush, back: jest.fn(), canGoBack: () => false }) }));
const mockBrowser = jest.fn();
jest.mock('expo-web-browser', () => ({ openBrowserAsync: (address: string) => mockBrowser(address) as unknown }));
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
    const { purpose, steps, feel, mistakes, safety } = guideWords(guideOf(catalog, 'calf-stretch-wall'), 'en')!;
    for (const text of [purpose, ...steps, feel, ...mistakes, safety.calf_end!]) expect(screen.getByText(text)).toBeTruthy();
    expect(screen.getByText('Stretch until it feels tight, never until it hurts.')).toBeTruthy();
    expect(screen.getAllByText(/Garber .*2011/).length).toBeGreaterThan(0);
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
    expect(screen.getByText(guideWords(guideOf(catalog, 'cobra'), 'de')!.purpose)).toBeTruthy();
    expect(screen.getByText('Sehr bewegliche Gelenke (Hypermobilität)')).toBeTruthy();
  });

  it('leads to the easier and the harder variant that its guide names', async () => {
    await (await openWorld()).show(<ExerciseDetail slug="glute-bridge" />);
    const { harder } = guideOf(catalog, 'glute-bridge')!;
    fireEvent.press(screen.getByRole('link', { name: new RegExp(`^${described(catalog, harder!)!.name}`) }));
    expect(mockPush).toHaveBeenCalledWith(`/library/${harder}`);
  });

  it('says of itself and of its variants what keeps them from this person, at once when that changes', async () => {
    const world = await openWorld();
    await world.show(<ExerciseDetail slug="calf-stretch-wall" />);
    expect(screen.queryByText('Not for you now')).toBeNull();
    expect(screen.queryByText(/^Not for you now\. /)).toBeNull();
    await world.store.write([{ collection: 'profile', id: 'me', set: { conditions: ['achilles_tendinopathy'], level: 'beginner', equipment: [] } }]);
    await settle();
    expect(screen.getByText('Not for you now')).toBeTruthy();
    expect(screen.getByText('Achilles tendon pain: it asks for ankle bent to its end.')).toBeTruthy();
    const step = screen.getByRole('link', { name: /^Step calf stretch/ }); // the harder one
    expect(within(step).getByText('Not for you now. Achilles tendon pain: it asks for ankle bent to its end.')).toBeTruthy();
  });

  it('asks YouTube for nothing before somebody presses play, and says whose the video is', async () => {
    const items: MediaItem[] = [
      { kind: 'youtube', id: 'dQw4w9WgXcQ', title: 'Cobra, slowly', channel: 'A physio', seconds: 95 },
      { kind: 'image', sha256: 'ab'.repeat(32), type: 'image/webp', width: 4, height: 3, alt: { en: 'Lying on the front' }, credit: 'Ana', licence: 'CC BY 4.0' },
      { kind: 'clip', sha256: 'cd'.repeat(32), type: 'video/mp4', width: 4, height: 3, alt: { en: 'The figure' } },
    ];
    const media = new Map([['cobra', { slug: 'cobra', items }]]);
    await (await openWorld('en', {}, { ...catalog, beside: { ...catalog.beside, media } })).show(<ExerciseDetail slug="cobra" />);
    expect(screen.getByText('Cobra, slowly')).toBeTruthy();
    expect(screen.getByText('A physio on YouTube, 1:35')).toBeTruthy();
    expect(screen.getByText('By Ana, CC BY 4.0')).toBeTruthy();
    expect(mockBrowser).not.toHaveBeenCalled();
    fireEvent.press(screen.getByRole('button', { name: 'Play from YouTube' }));
    await settle();
    expect(mockBrowser).toHaveBeenCalledWith('https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0');
  });

  it.each(['en', 'de'] as const)('that began with somebody else’s work names them, their licence and that it was changed (%s)', async (language) => {
    const slug = imported.data.code;
    const documents = bundled.documents as unknown as StoredDocument[];
    const like = documents.find(({ id }) => id === 'cat-cow')!;
    const exercise = { ...like, id: slug, data: { ...(like.data as object), slug, name: 'Seagull step' } };
    const world = await openWorld(language, {}, readCatalog([...documents, exercise, imported], bundled.release));
    await world.show(<ExerciseDetail slug={slug} />);
    expect(screen.getByRole('heading', { name: language === 'en' ? 'Where it comes from' : 'Woher sie kommt' })).toBeTruthy();
    const { label, about } = imported.data.text[language];
    for (const text of [label, about, ...imported.data.citations]) expect(screen.getByText(text)).toBeTruthy();
    expect(imported.data.citations[0]).toMatch(/CC BY-4\.0\. https:/);
    screen.unmount();
    await world.show(<ExerciseDetail slug="cat-cow" />);
    expect(screen.queryByText(label)).toBeNull();
  });

  it('that this release does not have leads back to those it has', async () => {
    await (await openWorld()).show(<ExerciseDetail slug="not-here" />);
    fireEvent.press(screen.getByRole('button', { name: 'See all exercises' }));
    expect(mockPush).toHaveBeenCalledWith('/library');
  });
});
