/** Both languages say everything, in messages that can be read, with the same blanks. */

import type { MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

let parse: typeof import('@formatjs/icu-messageformat-parser').parse;
let TYPE: typeof import('@formatjs/icu-messageformat-parser').TYPE;
beforeAll(async () => {
  ({ parse, TYPE } = await import('@formatjs/icu-messageformat-parser'));
});

const FOLDER = join(__dirname);
const NAMESPACES = ['common', 'start', 'home', 'routine', 'player', 'library', 'programs', 'progress', 'settings', 'account', 'figure'];

type Tree = { readonly [key: string]: string | Tree };

function flat(tree: Tree, path = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string' ? [[`${path}${key}`, value] as const] : [...flat(value, `${path}${key}.`)],
    ),
  );
}

function words(language: string, namespace: string): Map<string, string> {
  return flat(JSON.parse(readFileSync(join(FOLDER, language, `${namespace}.json`), 'utf8')) as Tree);
}

function blanks(elements: readonly MessageFormatElement[]): Set<string> {
  const found = new Set<string>();
  for (const element of elements) {
    if (element.type === TYPE.literal || element.type === TYPE.pound || element.type === TYPE.tag) continue;
    found.add(element.value);
    if (element.type === TYPE.plural || element.type === TYPE.select) {
      for (const { value } of Object.values(element.options)) blanks(value).forEach((name) => found.add(name));
    }
  }
  return found;
}

test.each(NAMESPACES)('%s is whole in English and German', (namespace) => {
  const [en, de] = [words('en', namespace), words('de', namespace)];
  expect([...de.keys()].sort()).toEqual([...en.keys()].sort());
  for (const [key, text] of en) {
    expect({ key, text: text.trim() === '' }).toEqual({ key, text: false });
    expect({ key, blanks: [...blanks(parse(de.get(key)!))].sort() }).toEqual({ key, blanks: [...blanks(parse(text))].sort() });
  }
});

test('every file of words is loaded', () => {
  const apart = ['catalog', 'wording']; // labels.ts loads these by itself
  const files = readdirSync(join(FOLDER, 'en')).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
  expect(files.filter((name) => !apart.includes(name)).sort()).toEqual([...NAMESPACES].sort());
});
