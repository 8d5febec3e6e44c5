/** Long work in small pieces, so that the screen is drawn between them. */

const PIECE_MS = 8;

/** To be awaited inside of loops: gives way when the piece has taken long enough. */
export function breather(): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < PIECE_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    began = performance.now();
  };
}
