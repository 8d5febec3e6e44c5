import type { IconName } from '@/ui';

export type TabName = 'home' | 'library' | 'progress' | 'you';

export interface Tab {
  readonly name: TabName;
  readonly href: '/' | '/library' | '/progress' | '/you';
  readonly icon: IconName;
}

export const TABS: readonly Tab[] = [
  { name: 'home', href: '/', icon: 'home' },
  { name: 'library', href: '/library', icon: 'library' },
  { name: 'progress', href: '/progress', icon: 'progress' },
  { name: 'you', href: '/you', icon: 'you' },
];

/** Screens that want the whole room: nothing to wander off to. */
const ALONE = /^\/(play|start|auth)(\/|$)/;

/** The tab that a path belongs to, and where the navigation is shown: everywhere on wide screens, on phones on the tabs themselves. */
export function placeOf(path: string, wide: boolean): { readonly tab: TabName; readonly shown: boolean } {
  const tab = TABS.find(({ href }) => href !== '/' && (path === href || path.startsWith(`${href}/`)))?.name ?? 'home';
  const top = TABS.some(({ href }) => href === path);
  return { tab, shown: !ALONE.test(path) && (wide || top) };
}
