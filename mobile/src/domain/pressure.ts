/** Blood pressure as typed: mmHg, within what a person can have. */

export interface Pressure {
  readonly systolic: number;
  readonly diastolic: number;
}

/** From these on no routine is made (O08: Pescatello 2004, MSSE 36:533-553). */
export const TOO_HIGH: Pressure = { systolic: 200, diastolic: 110 };

export type PressureTyped = { readonly kind: 'none' } | { readonly kind: 'wrong' } | ({ readonly kind: 'ok' } & Pressure);

/** Both fields empty is no reading; one of them, or what cannot be, is wrong. */
export function pressureOf(upper: string, lower: string): PressureTyped {
  if (upper.trim() === '' && lower.trim() === '') return { kind: 'none' };
  const [systolic, diastolic] = [upper, lower].map((text) => (/^\s*\d{2,3}\s*$/.test(text) ? Number(text) : NaN)) as [number, number];
  const possible = systolic >= 60 && systolic <= 300 && diastolic >= 30 && diastolic <= 200 && diastolic < systolic;
  return possible ? { kind: 'ok', systolic, diastolic } : { kind: 'wrong' };
}

export function tooHigh({ systolic, diastolic }: Pressure): boolean {
  return systolic >= TOO_HIGH.systolic || diastolic >= TOO_HIGH.diastolic;
}
