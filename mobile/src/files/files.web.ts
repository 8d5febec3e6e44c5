/** Files of the person's in a browser: a download, and the browser's own file picker. */

/** Offer `content` as a file named `name`. */
export async function saveFile(name: string, content: string | Uint8Array, mimeType: string): Promise<void> {
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type: mimeType }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the blob once it began.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The text of a file that the person picks; null when they pick none. */
export function pickText(mimeType: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = mimeType;
    input.addEventListener('cancel', () => resolve(null));
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      if (file === undefined) resolve(null);
      else file.text().then(resolve, reject);
    });
    input.click();
  });
}
