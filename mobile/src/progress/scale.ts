/** Where a scale of minutes ends: a round number not below the greatest, at least 10. */
export function niceTop(greatest: number): number {
  const steps = [10, 20, 30, 40, 60, 90, 120, 180, 240, 300, 420, 600];
  return steps.find((step) => step >= greatest) ?? Math.ceil(greatest / 300) * 300;
}

/** Least and most of a scale around some values with a band, padded to whole `step`s. */
export function around(values: readonly number[], band: number, step: number): { low: number; high: number } {
  const low = Math.floor((Math.min(...values) - band) / step) * step;
  const high = Math.ceil((Math.max(...values) + band) / step) * step;
  return { low: Math.max(0, low), high: high > Math.max(0, low) ? high : Math.max(0, low) + step };
}
