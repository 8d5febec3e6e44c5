/**
 * The ICU messages of the words, for tests of screens: plural, select and blanks, nested. i18next-icu is an ES module, which
 * the preset of React Native cannot load in Jest.
 */

/** Where the brace closes that opens at `from`. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}' && (depth -= 1) === 0) return at;
  }
  throw new Error(`a brace is not closed: ${text}`);
}

function formsOf(text: string): Map<string, string> {
  const forms = new Map<string, string>();
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('{', at);
    if (open < 0) break;
    const end = closing(text, open);
    forms.set(text.slice(at, open).trim(), text.slice(open + 1, end));
    at = end + 1;
  }
  return forms;
}

export function format(text: string, values: Readonly<Record<string, unknown>>): string {
  let out = '';
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('{', at);
    if (open < 0) return out + text.slice(at);
    const end = closing(text, open);
    out += text.slice(at, open);
    const [name, kind, ...rest] = text.slice(open + 1, end).split(',') as [string, string?, ...string[]];
    const value = values[name.trim()];
    if (kind === undefined) out += String(value);
    else {
      const forms = formsOf(rest.join(','));
      const plural = kind.trim() === 'plural';
      const form = forms.get(plural ? `=${String(value)}` : String(value)) ?? (plural && Number(value) === 1 ? forms.get('one') : undefined) ?? forms.get('other')!;
      out += format(plural ? form.replace(/#/g, String(value)) : form, values);
    }
    at = end + 1;
  }
  return out;
}

/** As an i18next format module. */
export const ICU = {
  type: 'i18nFormat' as const,
  parse: (text: string, values: Record<string, unknown>): string => format(text, values),
  addLookupKeys: (keys: string[]) => keys,
};
