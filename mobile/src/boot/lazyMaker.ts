/** The maker before it is there: screens ask at once, and wait only for what needs the model. */

import type { Catalog } from '@/generator/catalog';
import type { Maker } from '@/generator/maker';

export type MakerPhase = 'loading' | 'ready' | 'failed';

export interface LazyMaker<M extends Maker = Maker> extends Maker {
  readonly phase: MakerPhase;
  /** The loaded maker; begins loading where nothing has. Rejects when it cannot be loaded; the next call tries again. */
  ready(): Promise<M>;
  subscribe(listener: () => void): () => void;
}

/** `catalog` is the one in use until the maker brings its own. */
export function lazyMaker<M extends Maker>(open: () => Promise<M>, catalog: () => Catalog): LazyMaker<M> {
  let loading: Promise<M> | null = null;
  let maker: M | null = null;
  let failed = false;
  const listeners = new Set<() => void>();
  const tell = (): void => listeners.forEach((listener) => listener());
  const ready = (): Promise<M> => {
    loading ??= open().then(
      (opened) => {
        maker = opened;
        failed = false;
        tell();
        return opened;
      },
      (error: unknown) => {
        loading = null;
        failed = true;
        tell();
        throw error;
      },
    );
    return loading;
  };
  return {
    get phase() {
      return maker ? 'ready' : failed ? 'failed' : 'loading';
    },
    get catalog() {
      return maker?.catalog ?? catalog();
    },
    get model() {
      return maker?.model ?? '';
    },
    get runtime() {
      return maker?.runtime ?? '';
    },
    ready,
    make: async (payload) => (await ready()).make(payload),
    learn: async (learned, feedback) => (await ready()).learn(learned, feedback),
    countOutcomes: async (model, counts) => (await ready()).countOutcomes(model, counts),
    tastes: async (learned) => (await ready()).tastes(learned),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
