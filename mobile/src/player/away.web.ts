/** When nobody can be looking: the browser froze the page, or it is left. A hidden tab goes on: its voice is heard. */

/** Returns how to stop listening. */
export function onAway(gone: () => void): () => void {
  window.addEventListener('pagehide', gone);
  document.addEventListener('freeze', gone);
  return () => {
    window.removeEventListener('pagehide', gone);
    document.removeEventListener('freeze', gone);
  };
}
