/* The app without a network. tools/web/finish.mjs fills in BUILD, FILES and ROUTES after each export. */
const BUILD = '__BUILD__';
const FILES = new Map(__FILES__); // path -> [SHA-256 in hex, whether the name holds a hash]
const ROUTES = new Set(__ROUTES__); // first segments of the app's own pages; all else belongs to the server
const PREFIX = 'limber-app-'; // other caches are not ours: limber-models holds downloaded models
const CACHE = PREFIX + BUILD;
const AT_ONCE = 4; // downloads side by side: the page that is open comes first

// Files are kept under their content, so that a new version downloads only what changed.
const keyOf = (path) => path + '?' + FILES.get(path)[0];

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

async function keep(cache, path) {
  const key = keyOf(path);
  const had = await caches.match(key);
  if (had) return cache.put(key, had);
  const [sha256, named] = FILES.get(path);
  const answer = await fetch(path, { cache: named ? 'default' : 'no-cache', credentials: 'omit' });
  if (!answer.ok) throw new Error(path + ': ' + answer.status);
  const body = await answer.arrayBuffer();
  // While a server is being updated it may answer with a file of another version: a mixture must never be installed.
  if (hex(await crypto.subtle.digest('SHA-256', body)) !== sha256) throw new Error(path + ' is of another version');
  const type = answer.headers.get('Content-Type') ?? 'application/octet-stream';
  const headers = { 'Content-Type': type, 'Content-Length': String(body.byteLength) };
  for (const name of ['Content-Security-Policy', 'Cross-Origin-Opener-Policy', 'X-Content-Type-Options', 'Referrer-Policy']) {
    const value = answer.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return cache.put(key, new Response(body, { headers }));
}

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const paths = [...FILES.keys()];
    const worker = async () => {
      for (let path = paths.shift(); path !== undefined; path = paths.shift()) await keep(cache, path);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener('message', (event) => {
  if (event.data === 'skip-waiting') self.skipWaiting();
});

async function held(path, request) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(keyOf(path));
  if (!found) return fetch(request); // the browser cleared its storage
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('Range') ?? '');
  if (!range) return found;
  // Safari plays no sound without this.
  const body = await found.arrayBuffer();
  const first = Number(range[1]);
  const last = Math.min(range[2] === '' ? Infinity : Number(range[2]), body.byteLength - 1);
  const headers = new Headers(found.headers);
  headers.set('Content-Range', `bytes ${first}-${last}/${body.byteLength}`);
  headers.set('Content-Length', String(last - first + 1));
  return new Response(body.slice(first, last + 1), { status: 206, headers });
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (FILES.has(url.pathname)) event.respondWith(held(url.pathname, request));
  else if (request.mode === 'navigate' && ROUTES.has(url.pathname.split('/')[1])) event.respondWith(held('/index.html', request));
});
