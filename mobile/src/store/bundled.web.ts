/** The catalogue release that came with the app: a file beside the page, which the service worker keeps. */

import type { CatalogCopy } from './types';

import manifest from '../../assets/models/bundle.json';

/** Digest of the release that came with the app, as a catalogue's signed manifest has it. */
export const BUNDLED_DIGEST: string = manifest.catalog.digest;

export async function bundledCatalog(): Promise<CatalogCopy> {
  const answer = await fetch('/models/catalog.json');
  if (!answer.ok) throw new Error(`the app's own catalogue cannot be read (${answer.status})`);
  return answer.json() as Promise<CatalogCopy>;
}
