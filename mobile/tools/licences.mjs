/**
 * Writes src/you/licences.json: name, version and licence of every package that the app uses directly, as installed.
 * `node tools/licences.mjs` after package.json changes; a test holds it current.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const json = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const parts = Object.keys(json('package.json').dependencies).sort().map((name) => {
  const { version, license } = json(`node_modules/${name}/package.json`);
  return [name, version, typeof license === 'string' ? license : 'see package'];
});
writeFileSync(join(root, 'src/you/licences.json'), `[\n${parts.map((part) => ` ${JSON.stringify(part)}`).join(',\n')}\n]\n`);
