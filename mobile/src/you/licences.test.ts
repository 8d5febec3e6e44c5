import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import licences from './licences.json';

const root = join(__dirname, '../..');
const json = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;

test('every part that the app uses is named with the version and licence that is installed (node tools/licences.mjs)', () => {
  const { dependencies } = json<{ dependencies: Record<string, string> }>('package.json');
  expect(licences.map(([name]) => name)).toEqual(Object.keys(dependencies).sort());
  for (const [name, version, licence] of licences) {
    const installed = json<{ version: string; license?: unknown }>(`node_modules/${name!}/package.json`);
    expect([name, version, licence]).toEqual([name, installed.version, typeof installed.license === 'string' ? installed.license : 'see package']);
  }
});
