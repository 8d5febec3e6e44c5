import fc from 'fast-check';
import { PLAN } from '../generator/contract';
import golden from '../../assets/models/golden.json';
import { PLANNED_PACE, paceOf, secondsOf, stepsOf, totalSeconds, workSecondsOf, type Timed } from './timeline';

export const timed = fc.record<Timed>({
  sets: fc.integer({ min: 1, max: 5 }),
  work_s_per_side: fc.integer({ min: 3, max: 300 }),
  sides: fc.integer({ min: 1, max: 2 }),
  rest_s: fc.integer({ min: 0, max: 90 }),
  transition_s: fc.integer({ min: 3, max: 30 }),
});

/** The formula of docs/generator: what the routine says it takes. */
function planned(items: readonly Timed[]): number {
  return items.reduce((sum, item) => sum + item.sets * (item.work_s_per_side * item.sides + 5 * (item.sides - 1))
    + item.rest_s * (item.sets - 1) + item.transition_s, 0);
}

test('the player takes exactly as long as the routine says', () => {
  fc.assert(fc.property(fc.array(timed), (items) => totalSeconds(items) === planned(items)));
});

test('so it does for every routine that came with the app', () => {
  const cases = (golden as unknown as { cases: { plan: number[][] }[] }).cases;
  const routines = cases.map(({ plan }) => plan.filter(([item]) => item! >= 0));
  expect(routines.flat().length).toBeGreaterThan(30);
  for (const plan of routines) {
    const items = plan.map((row) => Object.fromEntries(PLAN.map((name, column) => [name, row[column]!])))
      .map((row) => ({ ...row, work_s_per_side: row.work_s! }) as unknown as Timed);
    expect(totalSeconds(items)).toBe(planned(items));
  }
});

test('both sides get the same time, and a change of at least five seconds lies between them', () => {
  fc.assert(fc.property(timed, fc.integer({ min: 0, max: 60 }), (item, switchS) => {
    const steps = stepsOf({ ...item, sides: 2 }, paceOf(0, switchS));
    for (let set = 0; set < item.sets; set += 1) {
      const [left, change, right] = steps.filter((step) => step.set === set && step.side !== null && step.kind !== 'ready');
      expect([left!.kind, change!.kind, right!.kind]).toEqual(['work', 'switch', 'work']);
      expect(left!.s).toBe(right!.s);
      expect(change!.s).toBeGreaterThanOrEqual(5);
    }
  }));
});

test('seconds added on the first side are added on the second too', () => {
  const item = { sets: 2, work_s_per_side: 20, sides: 2, rest_s: 5, transition_s: 4, longer: [{ set: 1, side: 0, s: 10 }] };
  expect(stepsOf(item).filter((step) => step.kind === 'work').map((step) => step.s)).toEqual([20, 20, 30, 30]);
});

test('seconds added on the second side are added there alone, and in no other set', () => {
  const item = { sets: 2, work_s_per_side: 20, sides: 2, rest_s: 5, transition_s: 4, longer: [{ set: 0, side: 1, s: 10 }] };
  expect(stepsOf(item).filter((step) => step.kind === 'work').map((step) => step.s)).toEqual([20, 30, 20, 20]);
});

test('a longer get-ready of one\'s own never shortens a planned one', () => {
  const item = { sets: 1, work_s_per_side: 20, sides: 1, rest_s: 0, transition_s: 12 };
  expect(secondsOf(item, paceOf(5, null))).toBe(32);
  expect(secondsOf(item, paceOf(20, null))).toBe(40);
});

test('every item begins with a get-ready and ends with work', () => {
  fc.assert(fc.property(timed, (item) => {
    const steps = stepsOf(item);
    expect(steps[0]!.kind).toBe('ready');
    expect(steps.at(-1)!.kind).toBe('work');
    expect(steps.filter((step) => step.kind === 'work')).toHaveLength(item.sets * item.sides);
    expect(workSecondsOf(item)).toBe(item.sets * item.sides * item.work_s_per_side);
  }));
});

test('stored settings out of bounds are read as the nearest that make sense', () => {
  expect(paceOf(undefined, null)).toEqual(PLANNED_PACE);
  expect(paceOf(-3, 1)).toEqual({ readyS: 0, switchS: 5 });
  expect(paceOf(900, 900)).toEqual({ readyS: 60, switchS: 30 });
});
