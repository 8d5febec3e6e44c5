/** Files of the person's on a phone: handed to the system's share sheet, and picked from its documents. */

import { getDocumentAsync } from 'expo-document-picker';
import { File, Paths } from 'expo-file-system';
import { shareAsync } from 'expo-sharing';

/** Offer `content` as a file named `name`. */
export async function saveFile(name: string, content: string | Uint8Array, mimeType: string): Promise<void> {
  const file = new File(Paths.cache, name);
  file.create({ overwrite: true });
  file.write(content);
  await shareAsync(file.uri, { mimeType });
}

/** The text of a file that the person picks; null when they pick none. */
export async function pickText(mimeType: string): Promise<string | null> {
  const picked = await getDocumentAsync({ type: mimeType, copyToCacheDirectory: true });
  const [asset] = picked.assets ?? [];
  return asset === undefined ? null : new File(asset.uri).text();
}
