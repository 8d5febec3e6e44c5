import fc from 'fast-check';

import { frameOf } from './size';
import { mixed } from './tint';

test('the digits are at least fifteen millimetres high on a usual phone, which reads at three metres', () => {
  const { digits, beside } = frameOf(390, 844);
  const capHeightMm = (digits * 0.7 * 25.4) / 160; // 160 of a screen's pixels an inch; digits are 0.7 of the size
  expect(beside).toBe(false);
  expect(capHeightMm).toBeGreaterThanOrEqual(15);
});

test('a tablet, and a phone on its side, put the figure beside the time', () => {
  expect(frameOf(1180, 820)).toMatchObject({ beside: true, roomy: true, low: false });
  expect(frameOf(844, 390)).toMatchObject({ beside: true, roomy: false, low: true });
  expect(frameOf(820, 1180).beside).toBe(false);
});

test('the ring fits whatever the screen, with its neighbour', () => {
  fc.assert(fc.property(fc.integer({ min: 320, max: 2000 }), fc.integer({ min: 320, max: 1400 }), (width, height) => {
    const { beside, ring: [least, most], digits } = frameOf(width, height);
    expect(least).toBeLessThanOrEqual(most);
    expect(most).toBeLessThanOrEqual(beside ? width / 2 : width);
    expect(digits).toBeGreaterThanOrEqual(84);
  }));
});

test('colours mix by channel', () => {
  expect([mixed('#000000', '#ffffff', 0), mixed('#000000', '#ffffff', 0.5), mixed('#102030', '#ffffff', 1)])
    .toEqual(['#000000', '#808080', '#ffffff']);
});
