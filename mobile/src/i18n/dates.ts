/** Dates as people read them. Hermes has no Intl on some systems: then the plain digits, which everybody can read. */

/** `2026-01-09` or a moment as `9 January 2026`. */
export function longDay(day: string | Date, language: string): string {
  const at = typeof day === 'string' ? new Date(`${day.slice(0, 10)}T12:00:00`) : day;
  try {
    return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'long', year: 'numeric' }).format(at);
  } catch {
    return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`;
  }
}

/** `9 Jan`. */
export function shortDay(at: Date, language: string): string {
  try {
    return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' }).format(at);
  } catch {
    return `${at.getDate()}.${at.getMonth() + 1}.`;
  }
}

/** `Fri, 9 Jan, 18:30`. */
export function moment(at: Date, language: string): string {
  try {
    return new Intl.DateTimeFormat(language, {
      weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
    }).format(at);
  } catch {
    return `${at.getDate()}.${at.getMonth() + 1}. ${at.getHours()}:${String(at.getMinutes()).padStart(2, '0')}`;
  }
}

/** Monday is 1. */
export function weekday(day: number, language: string): string {
  try {
    return new Intl.DateTimeFormat(language, { weekday: 'short' }).format(new Date(2024, 0, day)); // 1 January 2024 was a Monday
  } catch {
    return String(day);
  }
}
