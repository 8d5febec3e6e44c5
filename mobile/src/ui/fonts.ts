/** Fonts on phones: each weight is a file and a family of its own. */

import { loadAsync } from 'expo-font';

import type { Families } from './tokens';

export const families: Families = { display: 'BricolageGrotesque', body: 'AtkinsonNext', bold: 'AtkinsonNextSemiBold', weighted: false };

/** Resolves when text can be drawn; a font that cannot be read leaves the system's in its place. */
export async function loadFonts(): Promise<void> {
  await loadAsync({
    BricolageGrotesque: require('../../assets/fonts/bricolage-grotesque-bold.ttf'),
    AtkinsonNext: require('../../assets/fonts/atkinson-next-regular.ttf'),
    AtkinsonNextSemiBold: require('../../assets/fonts/atkinson-next-semibold.ttf'),
  }).catch(() => undefined);
}

/** The system scales text by itself here. */
export function rootScale(): number {
  return 1;
}
