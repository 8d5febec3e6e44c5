/** Paths that lead straight to a routine: of quick actions, reminders and planned sessions. */

import type { Notice } from '@/domain/reminders';

export interface Shortcut {
  readonly id: string;
  readonly title: string;
  readonly href: string;
}

/** Home with its choices made: kind, minutes, activity. */
export function askHref(kind: string, minutes: number, activity?: string | null): string {
  const query = new URLSearchParams({ kind, minutes: String(minutes), ...(activity ? { activity } : {}) });
  return `/?${query.toString()}`;
}

/** Where a notice leads: home with its choices made; of a program, its page, which has the session to start. */
export function noticeHref({ kind, minutes, activity, program }: Notice): string {
  return program === undefined ? askHref(kind, minutes, activity) : `/programs/${program.code}`;
}

/** Three, as a launcher shows no more than four: what one did last comes first where there is something. */
export function shortcuts(
  last: { readonly kind: string; readonly minutes: number; readonly activity?: string | null } | null, t: (key: string, values?: Record<string, unknown>) => string,
): Shortcut[] {
  const again = last === null ? [] : [{ id: 'again', title: t('shortcut.again', { minutes: last.minutes }), href: askHref(last.kind, last.minutes, last.activity) }];
  return [
    ...again,
    { id: 'desk', title: t('shortcut.desk', { minutes: 3 }), href: askHref('desk_break', 3) },
    { id: 'loosen', title: t('shortcut.loosen', { minutes: 10 }), href: askHref('mobility', 10) },
  ];
}
