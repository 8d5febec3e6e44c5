/**
 * Self-tests: what is measured, and when a difference is more than the measuring itself makes.
 *
 * `noise` is the least change that can be told from measurement error, as published. It was found by trained people with
 * the same tool; alone at home it is hardly smaller. So the band is the published one or what a person's own trials
 * spread, whichever is wider.
 */

export type Side = 'left' | 'right' | 'both';
export type TestCode = 'knee_to_wall' | 'thoracic_rotation' | 'straight_leg_raise' | 'shoulder_flexion' | 'sit_to_stand';

export interface SelfTest {
  readonly code: TestCode;
  readonly unit: 'cm' | 'deg' | 'count';
  readonly sides: readonly Side[];
  /** What a reading can be; beyond is a slip of the pen. */
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly trials: number;
  /** Least detectable change, in the unit. */
  readonly noise: number;
  readonly source: string;
  /** The movement that `profile.deficits` names, null where none is meant. */
  readonly deficit: string | null;
  /** Slug of an exercise whose figure is near to the test. */
  readonly figure: string;
  /** Conditions of the catalogue with which it is better left out. */
  readonly not_with: readonly string[];
}

export const TESTS: readonly SelfTest[] = [
  {
    code: 'knee_to_wall', unit: 'cm', sides: ['left', 'right'], least: 0, most: 30, step: 0.5, trials: 3, noise: 2,
    // 1.9 cm within one examiner, 1.6 cm between two; the same 2 cm as model_export/evidence/assessment.py (L03).
    source: 'Powden 2015, Man Ther 20:524-532', deficit: 'ankle.dorsiflexion', figure: 'knee-to-wall',
    not_with: ['ankle_sprain_acute', 'calf_strain', 'achilles_tendinopathy'],
  },
  {
    code: 'thoracic_rotation', unit: 'deg', sides: ['left', 'right'], least: 0, most: 110, step: 1, trials: 3, noise: 6,
    // 3.9 to 5.6 degrees between days, mean of three, five positions.
    source: 'Johnson 2012, J Athl Train 47:52-60', deficit: 'thoracic.rotation', figure: 'seated-thoracic-rotation',
    not_with: ['lumbar_disc', 'osteoporosis', 'pregnancy_t23'],
  },
  {
    code: 'straight_leg_raise', unit: 'deg', sides: ['left', 'right'], least: 0, most: 130, step: 1, trials: 3, noise: 10,
    // Telephone as inclinometer: 3.3 degrees within one examiner, 10.2 between two. Nobody checks a person alone: the wider one.
    source: 'J Bodyw Mov Ther 2024, doi 10.1016/j.jbmt.2024.05.033', deficit: 'hip.flexion', figure: 'hamstring-stretch-strap',
    not_with: ['lumbar_disc', 'hamstring_strain_acute', 'hamstring_tendinopathy', 'hip_replacement', 'pregnancy_t23'],
  },
  {
    code: 'shoulder_flexion', unit: 'deg', sides: ['left', 'right'], least: 0, most: 200, step: 1, trials: 3, noise: 8,
    source: 'Kolber 2011, Physiother Theory Pract 27:176-184', deficit: 'shoulder.flexion', figure: 'wall-slide',
    not_with: ['shoulder_impingement', 'shoulder_instability'],
  },
  {
    code: 'sit_to_stand', unit: 'count', sides: ['both'], least: 0, most: 60, step: 1, trials: 2, noise: 3,
    // About 2.5 stands; whole ones are counted. A practice round first: the second try is half a stand better.
    source: 'Gill 2022, Physiother Res Int 27:e1957; Jones 1999, Res Q Exerc Sport 70:113-119', deficit: null, figure: 'sit-to-stand',
    not_with: ['fall_risk'],
  },
];

export function testOf(code: string): SelfTest | undefined {
  return TESTS.find((test) => test.code === code);
}

/** Fields of a record `assessment`. */
export interface Assessment {
  readonly test: string;
  readonly at: string;
  readonly side: Side | null;
  readonly unit: string;
  readonly value: number | null;
  readonly trials: readonly number[];
  readonly pain: number | null;
  readonly regions: readonly string[];
}

export interface Point {
  readonly at: string;
  readonly side: Side;
  readonly value: number;
  readonly trials: readonly number[];
}

/** The value of a test from its trials: their mean, to a tenth; of counts the best, since a try is a whole half minute. */
export function valueOf(test: SelfTest, trials: readonly number[]): number | null {
  if (trials.length === 0) return null;
  if (test.unit === 'count') return Math.max(...trials);
  return Math.round((trials.reduce((sum, n) => sum + n, 0) / trials.length) * 10) / 10;
}

/** Usable results of one test, oldest first. One that hurt, or that could not be done, is no point on a line. */
export function points(test: SelfTest, records: readonly Partial<Assessment>[]): Point[] {
  return records
    .filter((one) => one.test === test.code && typeof one.value === 'number' && Number.isFinite(Date.parse(one.at ?? '')))
    .map((one) => ({ at: one.at!, side: one.side ?? 'both', value: one.value!, trials: one.trials ?? [] }))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Sum of squares within each try at the test, and its degrees of freedom. */
function spread(lists: readonly (readonly number[])[]): { squares: number; freedom: number } {
  let squares = 0;
  let freedom = 0;
  for (const list of lists) {
    if (list.length < 2) continue;
    const mean = list.reduce((sum, n) => sum + n, 0) / list.length;
    squares += list.reduce((sum, n) => sum + (n - mean) ** 2, 0);
    freedom += list.length - 1;
  }
  return { squares, freedom };
}

/** Degrees of freedom from which a person's own spread means something. */
const OWN_FROM = 4;

/**
 * Half width of the band within which a difference of two values says nothing, in the test's unit. The person's own:
 * 1.96 × √2 × standard error of a mean of `trials` (Weir 2005, J Strength Cond Res 19:231-240), pooled over all tries.
 */
export function band(test: SelfTest, mine: readonly Point[]): { width: number; own: boolean } {
  if (test.unit === 'count') return { width: test.noise, own: false };
  const { squares, freedom } = spread(mine.map(({ trials }) => trials));
  if (freedom < OWN_FROM) return { width: test.noise, own: false };
  const width = 1.96 * Math.SQRT2 * Math.sqrt(squares / freedom / test.trials);
  return width > test.noise ? { width: Math.round(width * 10) / 10, own: true } : { width: test.noise, own: false };
}

export type Verdict = 'more' | 'less' | 'noise' | 'first';

export interface Change {
  readonly verdict: Verdict;
  /** Last minus first, in the unit. */
  readonly by: number;
  readonly band: number;
}

/** Tape and phone are read to a tenth; float dust must not decide. */
const tenths = (n: number): number => Math.round(n * 10) / 10;

/** Between the first and the last point of one side. */
export function change(test: SelfTest, mine: readonly Point[]): Change {
  const width = band(test, mine).width;
  if (mine.length < 2) return { verdict: 'first', by: 0, band: width };
  const by = tenths(mine.at(-1)!.value - mine[0]!.value);
  const verdict = Math.abs(by) < width ? 'noise' : by > 0 ? 'more' : 'less';
  return { verdict, by, band: width };
}

/** Left minus right of the newest values, when they differ by more than noise; null when not, or one is missing. */
export function sidesDiffer(test: SelfTest, all: readonly Point[]): { by: number; lesser: Side } | null {
  const newest = (side: Side): Point | undefined => all.filter((point) => point.side === side).at(-1);
  const [left, right] = [newest('left'), newest('right')];
  if (left === undefined || right === undefined) return null;
  const by = tenths(left.value - right.value);
  return Math.abs(by) < band(test, all).width ? null : { by, lesser: by < 0 ? 'left' : 'right' };
}

/** What tests suggest to work on: movements whose sides differ by more than noise (L03), in the order of the tests. */
export function suggestedDeficits(records: readonly Partial<Assessment>[]): string[] {
  return TESTS.flatMap((test) =>
    (test.deficit !== null && sidesDiffer(test, points(test, records)) !== null ? [test.deficit] : []));
}

/** From this pain on, of 10, a test is not counted and a person is told to leave it (L04). */
export const TOO_MUCH_PAIN = 4;

/** A reading as typed; comma or point. Null where it is none, or none that can be. */
export function reading(test: SelfTest, typed: string): number | null {
  if (!/^\s*\d+([.,]\d+)?\s*$/.test(typed)) return null;
  const n = Number(typed.trim().replace(',', '.'));
  if (n < test.least || n > test.most) return null;
  return test.unit === 'count' && !Number.isInteger(n) ? null : n;
}

/** Inches for people who asked for them; records are in centimetres. */
export const CM_PER_INCH = 2.54;
