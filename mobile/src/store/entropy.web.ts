/** Random bytes from the browser. */
export function entropy(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes));
}
