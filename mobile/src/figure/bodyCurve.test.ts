import catalog from '../../assets/models/catalog.json';
import { path, shapesOf, touched } from './bodyCurve';
import { HEIGHT, LINES, OUTLINE, WIDTH, type View } from './bodyShapes';

const VIEWS: readonly View[] = ['front', 'back'];
const entries = (name: string) => {
  const found = catalog.documents.find(({ collection, id }) => collection === 'vocabulary' && id === name);
  return Object.keys((found!.data as { entries: object }).entries);
};

describe('the body map', () => {
  it.each(['muscles', 'regions'] as const)('shows each of the catalogue\'s %s, and nothing else', (by) => {
    const drawn = new Set(VIEWS.flatMap((view) => shapesOf(by, view).map(({ code }) => code)));
    expect([...drawn].sort()).toEqual(entries(by).sort());
  });

  it('stays within its frame', () => {
    const all = VIEWS.flatMap((view) => [
      ...(['muscles', 'regions'] as const).flatMap((by) => shapesOf(by, view).flatMap(({ outlines }) => outlines.flat())),
      ...LINES[view].flat(),
    ]);
    for (const { x, y } of [...all, ...OUTLINE]) {
      expect(Math.abs(x)).toBeLessThan(WIDTH / 2 - 4);
      expect(y).toBeGreaterThan(4);
      expect(y).toBeLessThan(HEIGHT - 4);
    }
  });

  it('is the same on the left and on the right', () => {
    for (const view of VIEWS) {
      for (const { code, outlines } of shapesOf('muscles', view)) {
        const places = outlines.flat();
        for (const { x, y } of places) expect({ code, has: places.some((p) => p.x === -x && p.y === y) }).toEqual({ code, has: true });
      }
    }
  });

  it('draws a closed curve through its points', () => {
    const d = path([{ x: 0, y: 0 }, { x: 6, y: 0 }, { x: 6, y: 6 }]);
    expect(d).toBe('M0 0C0 -1 5 -1 6 0C7 1 7 6 6 6C5 6 0 1 0 0Z');
    expect(path([{ x: 0, y: 0 }, { x: 6, y: 0 }], false)).toBe('M0 0C1 0 5 0 6 0');
  });
});

describe('a touch', () => {
  it.each([
    ['muscles', 'front', 20, 110, 'pecs'],
    ['muscles', 'front', -20, 110, 'pecs'],
    ['muscles', 'back', 24, 244, 'glute_max'],
    ['muscles', 'back', -20, 230, 'deep_hip_rotators'],
    ['muscles', 'back', 4, 70, 'neck_extensors'],
    ['regions', 'front', 21, 315, 'knee'],
    ['regions', 'back', 0, 120, 'thoracic_spine'],
    ['regions', 'back', -3, 185, 'lumbar_spine'],
  ] as const)('on the %s of the %s at %d, %d means %s', (by, view, x, y, code) => {
    expect(touched(by, view, { x, y }, 0)).toBe(code);
  });

  it('between shapes means the nearest that a finger covers', () => {
    expect(touched('regions', 'front', { x: 20, y: 290 }, 15)).toBe('knee');
    expect(touched('regions', 'front', { x: 20, y: 270 }, 15)).toBeUndefined();
  });

  it('beside the body means nothing', () => {
    expect(touched('muscles', 'front', { x: 80, y: 400 }, 25)).toBeUndefined();
  });
});
