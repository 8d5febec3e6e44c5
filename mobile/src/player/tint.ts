/** Mixes #rrggbb colours: `share` 0 is the first, 1 the second. */
export function mixed(one: string, other: string, share: number): string {
  const part = (color: string, at: number): number => parseInt(color.slice(at, at + 2), 16);
  const channel = (at: number): string =>
    Math.round(part(one, at) + (part(other, at) - part(one, at)) * share).toString(16).padStart(2, '0');
  return `#${channel(1)}${channel(3)}${channel(5)}`;
}
