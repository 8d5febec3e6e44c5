/** Where a phone keeps the models that it downloaded: a folder of the app's own. */

import { Directory, File, Paths } from 'expo-file-system';

import type { Files } from './models';

export function deviceFiles(): Files {
  const folder = new Directory(Paths.document, 'models');
  if (!folder.exists) folder.create({ intermediates: true, idempotent: true });
  const at = (name: string): File => new File(folder, name);
  return {
    async read(name) {
      const file = at(name);
      return file.exists ? file.bytes() : null;
    },
    async write(name, content) {
      // Written beside it and then renamed: whoever reads finds the old content or the new, never a part.
      const draft = at(`${name}.draft`);
      if (!draft.exists) draft.create();
      draft.write(content);
      await draft.move(at(name), { overwrite: true });
    },
    async remove(name) {
      const file = at(name);
      if (file.exists) file.delete();
    },
    async names() {
      return folder.list().map(({ uri }) => decodeURIComponent(uri.replace(/\/$/, '').split('/').pop()!));
    },
  };
}
