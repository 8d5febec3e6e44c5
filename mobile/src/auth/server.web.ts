/** The web app belongs to the server that it came from. */
export function serverAddress(): string | null {
  return window.location.origin;
}
