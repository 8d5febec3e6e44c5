/**
 * Hermes has no `Intl.PluralRules` on some systems, and the messages need it. Only where it is missing, one that knows our
 * languages takes its place: `one` for exactly 1, as English and German have it (CLDR).
 */
export function ensurePluralRules(): void {
  const intl = (globalThis.Intl ??= {} as typeof Intl);
  if (typeof intl.PluralRules === 'function') return;
  class OneOrOther {
    constructor(_locales?: string | string[], private readonly options: Intl.PluralRulesOptions = {}) {}
    select(n: number): Intl.LDMLPluralRule {
      return this.options.type !== 'ordinal' && n === 1 ? 'one' : 'other';
    }
    resolvedOptions(): Intl.PluralRulesOptions {
      return this.options;
    }
    static supportedLocalesOf(): string[] {
      return ['en', 'de'];
    }
  }
  Object.defineProperty(intl, 'PluralRules', { value: OneOrOther, configurable: true, writable: true });
}
