/** The catalogue release that came with the app. */

import type { CatalogCopy } from './types';

import manifest from '../../assets/models/bundle.json';

/** Digest of the release that came with the app, as a catalogue's signed manifest has it. */
export const BUNDLED_DIGEST: string = manifest.catalog.digest;

/** Inside the app's own code on a phone: no network and no file to find at the first launch. */
export async function bundledCatalog(): Promise<CatalogCopy> {
  return require('../../assets/models/catalog.json') as CatalogCopy;
}
