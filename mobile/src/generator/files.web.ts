/** Where a browser keeps the models that it downloaded: a cache of their own, which updates of the app leave alone. */

import type { Files } from './models';

const CACHE = 'limber-models';
const FOLDER = '/models/';

export function deviceFiles(): Files {
  const opened = (): Promise<Cache> => caches.open(CACHE);
  return {
    async read(name) {
      const found = await (await opened()).match(FOLDER + name);
      return found === undefined ? null : new Uint8Array(await found.arrayBuffer());
    },
    async write(name, content) {
      await (await opened()).put(FOLDER + name, new Response(content.slice()));
    },
    async remove(name) {
      await (await opened()).delete(FOLDER + name);
    },
    async names() {
      const requests = await (await opened()).keys();
      return requests.map(({ url }) => decodeURIComponent(new URL(url).pathname.slice(FOLDER.length)));
    },
  };
}
