/**
 * After `expo export -p web`: node tools/web/finish.mjs DIR
 *
 * Adds onnxruntime-web, which Metro cannot bundle, and the catalogue, which would be script else; writes the service
 * worker with the hash of every file; compresses what is served; and lists all of it in files.json for the server.
 */

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const MOBILE = join(HERE, '..', '..');
const ORT = ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'];
const CODINGS = [['br', '.br'], ['gzip', '.gz']];
const PACKED = new Set(['.js', '.mjs', '.wasm', '.html', '.onnx', '.json', '.webmanifest', '.svg', '.css']);
const HASHED = /(-[0-9a-f]{32}\.(js|css)|\.[0-9a-f]{32}(@\w+)?\.\w+)$/;
const OURS = /(\.(br|gz)|\/(files\.json|sw\.js|metadata\.json))$/; // made here, or of no use on the web
const SMALL = 860; // bytes: below this a packet is a packet
const SLOW = 2_000_000; // bytes: above this brotli's best level takes many seconds to save a per cent
// Kept between builds by content: the runtime alone takes seconds to compress.
const CACHE = join(MOBILE, 'node_modules', '.cache', 'limber-web');

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** @returns {string[]} every file below `folder`, as a path of the web. */
function walk(folder, from = folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path, from) : ['/' + relative(from, path).split(sep).join('/')];
  });
}

/** First segments of the app's own pages, read from its routes: '' is the front page. */
// A page in a frame of the editors' desk comes from the server, which lets only this one be framed.
const SERVED = new Set(['preview']);

export function routesOf(folder) {
  const found = new Set(['']);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (/^\(.*\)$/.test(entry.name)) for (const inner of routesOf(join(folder, entry.name))) found.add(inner);
    else if (entry.isDirectory()) found.add(entry.name);
    else if (/^[a-z0-9-]+\.tsx$/.test(entry.name) && entry.name !== 'index.tsx') found.add(entry.name.slice(0, -4));
  }
  return [...found].filter((name) => !SERVED.has(name)).sort();
}

function compressed(bytes, coding) {
  const made = join(CACHE, `${sha256(bytes)}.${coding}`);
  if (existsSync(made)) return readFileSync(made);
  const quality = bytes.length > SLOW ? 9 : 11;
  const packed =
    coding === 'br'
      ? brotliCompressSync(bytes, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: quality,
            [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
            [constants.BROTLI_PARAM_LGWIN]: 24,
          },
        })
      : gzipSync(bytes, { level: 9 });
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(made, packed);
  return packed;
}

export function finish(dist) {
  mkdirSync(join(dist, 'ort'), { recursive: true });
  for (const name of ORT) copyFileSync(join(MOBILE, 'node_modules', 'onnxruntime-web', 'dist', name), join(dist, 'ort', name));

  mkdirSync(join(dist, 'models'), { recursive: true });
  copyFileSync(join(MOBILE, 'assets', 'models', 'catalog.json'), join(dist, 'models', 'catalog.json'));

  const contents = new Map(walk(dist).filter((path) => !OURS.test(path)).sort().map((path) => [path, readFileSync(join(dist, path))]));
  const files = [...contents].map(([path, bytes]) => [path, [sha256(bytes), HASHED.test(path)]]);
  const routes = routesOf(join(MOBILE, 'src', 'app'));
  const build = sha256(JSON.stringify([files, routes])).slice(0, 12);
  const worker = readFileSync(join(HERE, 'sw.js'), 'utf8')
    .replace('__BUILD__', build)
    .replace('__FILES__', () => JSON.stringify(files))
    .replace('__ROUTES__', () => JSON.stringify(routes));
  writeFileSync(join(dist, 'sw.js'), worker);
  contents.set('/sw.js', Buffer.from(worker));

  const list = {};
  for (const [path, bytes] of contents) {
    const sizes = { identity: bytes.length };
    if (bytes.length >= SMALL && PACKED.has(extname(path))) {
      for (const [coding, suffix] of CODINGS) {
        const packed = compressed(bytes, coding);
        writeFileSync(join(dist, path + suffix), packed);
        sizes[coding] = packed.length;
      }
    }
    list[path] = { sha256: sha256(bytes), immutable: HASHED.test(path), bytes: sizes };
  }
  // Last: whoever finds this file finds a finished build.
  writeFileSync(join(dist, 'files.json'), JSON.stringify({ build, routes, files: list }, null, 1) + '\n');
  return { build, files: contents.size, bytes: [...contents.values()].reduce((sum, each) => sum + each.length, 0) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = process.argv[2];
  if (dist === undefined || !statSync(dist).isDirectory()) throw new Error('give the folder of the export');
  const { build, files, bytes } = finish(dist);
  console.log(`build ${build}: ${files} files, ${(bytes / 1e6).toFixed(1)} MB`);
}
