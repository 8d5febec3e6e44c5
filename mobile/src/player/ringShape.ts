/** The ring within its box, 200 units wide. */
export const RADIUS = 93;
export const AROUND = 2 * Math.PI * RADIUS;
