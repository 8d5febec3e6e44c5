/** A store for looking only: a catalogue, and nobody's records. */

import type { CatalogCopy, Store } from '@/store/types';

export class LookingOnly extends Error {
  override readonly name = 'LookingOnly';
}

export function stillStore(copy: CatalogCopy): Store {
  const refuse = async (): Promise<never> => {
    throw new LookingOnly('a preview keeps nothing');
  };
  return {
    list: async () => [],
    get: async () => null,
    write: refuse,
    create: refuse,
    recall: async () => undefined,
    remember: refuse,
    forget: refuse,
    catalog: async () => copy,
    waiting: async () => 0,
    refusals: async () => [],
    sendAgain: refuse,
    drop: refuse,
    subscribe: () => () => undefined,
    everything: refuse,
    erase: refuse,
    close: async () => undefined,
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface Asked {
  readonly draft: string;
  readonly slug: string;
  readonly language: string;
}

/** What the desk asks for in the address: `#draft=<uuid>&slug=<exercise>&lang=de`. Null for anything else. */
export function askedBy(hash: string): Asked | null {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const draft = given.get('draft') ?? '';
  const slug = given.get('slug') ?? '';
  return UUID.test(draft) && slug !== '' ? { draft, slug, language: given.get('lang') ?? 'en' } : null;
}
