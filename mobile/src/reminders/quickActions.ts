/** What a long press on the app's icon offers. */

import type { Shortcut } from './shortcuts';

const load = () => import('expo-quick-actions');

/** Never throws: a launcher without them has none. */
export async function offerActions(actions: readonly Shortcut[]): Promise<void> {
  try {
    const { isSupported, setItems } = await load();
    if (!(await isSupported())) return;
    await setItems(actions.map(({ id, title, href }) => ({ id, title, icon: null, params: { href } })));
  } catch {
    // the module is not in this build
  }
}

/** Told the path of an action, also of the one that opened the app. Returns how to stop. */
export function onAction(go: (href: string) => void): () => void {
  let stopped = false;
  let stop = (): void => undefined;
  void load().then(({ addListener, initial }) => {
    if (stopped) return;
    const told = (href: unknown): void => {
      if (typeof href === 'string' && /^\/(?!\/)/.test(href)) go(href);
    };
    told(initial?.params?.href);
    const listening = addListener((action) => told(action.params?.href));
    stop = () => listening.remove();
  }).catch(() => undefined);
  return () => {
    stopped = true;
    stop();
  };
}
