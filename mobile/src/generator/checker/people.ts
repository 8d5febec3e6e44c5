/** Safety checks of the person: red flags, hazards, wishes, level, and groups L, O, K, U and X of evidence.json. */

import type { Exercise } from '../catalog';
import {
  difficultyCap, has, lengthOf, ofType, painLimit, pastOf, regionsOf, sum, vocabulary, workOf, type Case, type Checks, type Finding,
} from './case';

const WORK_BOUNDS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  pulse_raiser: [20, 300], dynamic_stretch: [8, 60], mobility: [8, 60], activation: [8, 60], balance: [10, 60],
  skill_drill: [8, 120], potentiation: [3, 30], static_stretch: [10, 60], pnf_stretch: [15, 60], foam_roll: [20, 120],
  breathing: [20, 300],
};

/** X01-X07, O04, O08. */
function* redFlagsRefer(it: Case): Iterable<string | Finding> {
  const profile = it.payload.profile;
  const pressure = profile?.blood_pressure;
  const high = (pressure?.systolic ?? 0) >= 200 || (pressure?.diastolic ?? 0) >= 110;
  const flags = profile?.red_flags ?? [];
  const referred = it.routine.status === 'refer';
  if ((flags.length > 0 || high) !== referred) {
    yield { message: `status is ${it.routine.status} with red flags ${flags.join(', ')}`, because: 'a warning sign' };
  }
  if (referred && it.routine.items.length > 0) yield 'a referred person got items';
}

/** C07, C08, K02-K16, O02-O09, O12: the condition matrix. */
function* excludedHazardsAreAbsent(it: Case): Iterable<string | Finding> {
  for (const code of it.conditions) {
    const excluded = it.catalog.conditions.get(code)?.exclude ?? [];
    for (const { exercise } of it.rows) {
      for (const hazard of excluded) {
        if (exercise.hazards.includes(hazard)) {
          yield { message: `${exercise.slug} has ${hazard}, excluded by ${code}`, because: `${code}: ${hazard}` };
        }
      }
    }
  }
}

/** taxonomy.md section 8: at most 35 % of the work. */
function* limitedHazardsStaySmall(it: Case): Iterable<string | Finding> {
  const limited = new Set(it.conditions.flatMap((code) => it.catalog.conditions.get(code)?.limit ?? []));
  const carriers = it.rows.filter(({ exercise }) => exercise.hazards.some((hazard) => limited.has(hazard)));
  const total = sum(it.rows.map(({ item }) => workOf(item)));
  const part = sum(carriers.map(({ item }) => workOf(item)));
  if (part > 0.35 * total) yield `${part} of ${total} s of work carry a limited hazard`;
}

/** U01, U02 and the work bounds of generator.md. */
function* timeAndDosesHold(it: Case): Iterable<string | Finding> {
  const total = sum(it.rows.map(({ item }) => lengthOf(item)));
  if (total !== it.routine.total_s) yield `total_s says ${it.routine.total_s}, the items take ${total}`;
  if (Math.abs(total - it.budget) > 30) yield `${total} s for a budget of ${it.budget}`;
  if (new Set(it.rows.map(({ item }) => item.slug)).size < it.rows.length) yield 'an exercise comes twice';
  for (const { item, exercise } of it.rows) {
    const [low, high] = WORK_BOUNDS[exercise.type] ?? [1, 0];
    const work = item.work_s_per_side;
    if (work < low || work > high) yield `${item.slug}: ${work} s is outside ${low}-${high}`;
    if (item.transition_s < 3 || item.transition_s > 30) yield `${item.slug}: transition of ${item.transition_s} s`;
    if (item.sets < 1) yield `${item.slug}: no set`;
    if (item.sides !== (exercise.laterality === 'unilateral' ? 2 : 1)) {
      yield `${item.slug}: ${item.sides} sides for ${exercise.laterality}`;
    }
    if (!exercise.phases.includes(item.phase)) yield `${item.slug}: phase ${item.phase} is not one of its own`;
    if (item.reps !== null && item.reps < 1) yield `${item.slug}: ${item.reps} repetitions`;
  }
}

function* everyItemHasAReason(it: Case): Iterable<string | Finding> {
  const rules = vocabulary(it, 'rules');
  for (const { item } of it.rows) {
    if (!item.reason.trim() || item.rules.length === 0 || item.rules.some((rule) => !rules.has(rule))) {
      yield `${item.slug}: reason '${item.reason}', rules ${item.rules.join(', ')}`;
    }
    if (sum(Object.values(item.parts)) !== item.score) yield `${item.slug}: the parts do not add up to the score`;
  }
}

/** U05, N04. */
function* difficultySuitsTheLevel(it: Case): Iterable<string | Finding> {
  const cap = difficultyCap(it);
  for (const { exercise } of it.rows) {
    if (exercise.difficulty > cap) {
      yield { message: `${exercise.slug} has difficulty ${exercise.difficulty}, the cap is ${cap}`, because: 'above your level' };
    }
  }
}

function* wishesAreKept(it: Case): Iterable<string | Finding> {
  const wish = (code: string): boolean => it.constraints.includes(code);
  const floor = vocabulary(it, 'floor_positions');
  const atHand = new Set([...(it.payload.profile?.equipment ?? []), 'none', 'wall']);
  for (const { item, exercise } of it.rows) {
    const { hazards, equipment, slug } = exercise;
    const onFloor = floor.has(item.position) || hazards.includes('floor_transfer');
    if (!exercise.positions.includes(item.position)) yield `${slug} is not done ${item.position}`;
    const broken = (code: string, message: string): Finding => ({ message, because: code });
    if (wish('no_floor') && onFloor) yield broken('no_floor', `${slug} needs the floor`);
    if (wish('no_kneel') && hazards.includes('kneeling')) yield broken('no_kneel', `${slug} needs kneeling`);
    if (wish('no_jump') && (hazards.includes('impact') || hazards.includes('impact_high'))) yield broken('no_jump', `${slug} has impact`);
    if (wish('seated_only') && item.position !== 'seated_chair') yield broken('seated_only', `${slug} is not seated`);
    if (wish('small_space') && hazards.includes('travel')) yield broken('small_space', `${slug} travels`);
    if (wish('no_equipment') && equipment.some((code) => code !== 'wall')) {
      yield broken('no_equipment', `${slug} needs ${equipment.join(', ')}`);
    }
    const lacking = equipment.filter((code) => !atHand.has(code));
    if (lacking.length > 0) {
      const message = `${slug} needs ${equipment.join(', ')}, at hand is ${[...atHand].sort().join(', ')}`;
      yield { message, because: `not at hand: ${lacking.join(', ')}` };
    }
  }
}

function* painKeepsAnItemOut(it: Case): Iterable<string | Finding> {
  for (const { exercise } of it.rows) {
    const { pain = 0, rating = 0 } = pastOf(it, exercise.slug);
    if (pain > painLimit(it)) yield { message: `${exercise.slug} hurt ${pain} of 10`, because: 'you reported pain' };
    if (rating < 0) yield { message: `${exercise.slug} was disliked`, because: 'not wanted' };
  }
}

const LEGS: ReadonlySet<string> = new Set(['hip', 'knee', 'ankle', 'foot']);
/** What a leg injured in the last days is spared. */
const SHAKEN: ReadonlySet<string> = new Set(['impact', 'impact_high', 'single_leg', 'knee_pivot']);

/** Whether any balance item is open to this person at all. */
function feasibleBalance(it: Case): boolean {
  const floor = vocabulary(it, 'floor_positions');
  const excluded = new Set(it.conditions.flatMap((code) => it.catalog.conditions.get(code)?.exclude ?? []));
  const hurts = painfulRegions(it);
  const hazards = vocabulary(it, 'hazards');
  const spared = (hazard: string): boolean =>
    excluded.has(hazard) || (hazards.get(hazard)?.regions ?? []).some((region) => hurts.has(region));
  const bare = it.constraints.includes('no_equipment');
  const atHand = new Set([...(bare ? [] : (it.payload.profile?.equipment ?? [])), 'wall', 'none']);
  const acute = new Set(it.payload.profile?.acute_regions ?? []);
  const suits = (exercise: Exercise): boolean => {
    const { pain = 0, rating = 0 } = pastOf(it, exercise.slug);
    return (
      exercise.type === 'balance' &&
      !exercise.hazards.some(spared) &&
      !([...acute].some((region) => LEGS.has(region)) && exercise.hazards.some((hazard) => SHAKEN.has(hazard))) &&
      !(exercise.positions[0] === 'standing_single_leg' && has(it, 'pelvic_girdle_pain')) &&
      exercise.equipment.every((code) => atHand.has(code)) &&
      exercise.difficulty <= difficultyCap(it) &&
      !(it.constraints.includes('small_space') && exercise.hazards.includes('travel')) &&
      !it.constraints.includes('seated_only') &&
      !floor.has(exercise.positions[0]!) &&
      !regionsOf(it, exercise).some((region) => acute.has(region)) &&
      rating >= 0 &&
      pain <= painLimit(it)
    );
  };
  return it.catalog.exercises.some(suits);
}

/** O01, K06. */
function* balanceWorkIsInWhenDue(it: Case): Iterable<string | Finding> {
  const older = it.age >= 65 && it.kind === 'mobility' && it.budget >= 600;
  const unstable = has(it, 'ankle_instability') && it.kind !== 'cooldown';
  if ((older || unstable) && ofType(it, 'balance').length === 0 && feasibleBalance(it)) yield 'no balance item';
}

function* pregnancyStaysModerate(it: Case): Iterable<string | Finding> {
  const code = it.conditions.find((condition) => condition === 'pregnancy_t1' || condition === 'pregnancy_t23');
  if (code === undefined) return;
  for (const { exercise } of it.rows) {
    if (exercise.met > 6) yield { message: `${exercise.slug} at ${exercise.met} MET`, because: `${code}: hard effort` };
  }
}

function* bothFeetStayDown(it: Case): Iterable<string | Finding> {
  if (!has(it, 'pelvic_girdle_pain')) return;
  for (const { item, exercise } of it.rows) {
    if (item.position === 'standing_single_leg') {
      yield { message: `${exercise.slug} on one leg with pelvic girdle pain`, because: 'pelvic_girdle_pain: single_leg' };
    }
  }
}

function* cardiacWarmupsAreGradual(it: Case): Iterable<string | Finding> {
  if (!has(it, 'cardiac') || it.kind !== 'warmup') return;
  const seconds = sum(it.rows.filter(({ item }) => item.phase === 'raise').map(({ item }) => lengthOf(item)));
  if (seconds < 0.25 * it.routine.total_s) yield `${seconds} s of raising`;
}

function* hypermobileJointsAreNotStretched(it: Case): Iterable<string | Finding> {
  if (!has(it, 'hypermobility')) return;
  for (const { exercise } of ofType(it, 'static_stretch', 'pnf_stretch')) {
    yield { message: exercise.slug, because: `hypermobility: ${exercise.type}` };
  }
}

/** Regions with pain in the last seven days. */
function painfulRegions(it: Case): Set<string> {
  const { pain, exercises } = it.payload.history ?? {};
  const reported = Object.entries(pain ?? {}).filter(
    ([, { level = 1, days_since: days = 0 }]) => level > 0 && days <= 7,
  );
  const hurts = new Set(reported.map(([region]) => region));
  for (const exercise of exercises ? it.catalog.exercises : []) {
    const { pain: hurt = 0, days_since: days = 60 } = pastOf(it, exercise.slug);
    if (hurt > 0 && days <= 7) regionsOf(it, exercise).forEach((region) => hurts.add(region));
  }
  return hurts;
}

/** Seven days after a report of pain; and a shorter, softer routine after two that were too hard. */
function* painfulRegionIsSpared(it: Case): Iterable<string | Finding> {
  const hurts = painfulRegions(it);
  const hazards = vocabulary(it, 'hazards');
  for (const { exercise } of it.rows) {
    for (const hazard of exercise.hazards) {
      const region = hazards.get(hazard)?.regions?.find((one) => hurts.has(one));
      if (region !== undefined) {
        const message = `${exercise.slug} has ${hazard} with recent pain in ${[...hurts].sort().join(', ')}`;
        const label = vocabulary(it, 'regions').get(region)?.label ?? region;
        yield { message, because: `recent pain in the ${label.toLowerCase()}: ${hazard}` };
      }
    }
  }
  if (it.strained && ofType(it, 'potentiation').length > 0) {
    yield { message: 'potentiation after two sessions that were too hard', because: 'two hard sessions' };
  }
}

function* freshInjuryRests(it: Case): Iterable<string | Finding> {
  const acute = it.payload.profile?.acute_regions ?? [];
  for (const { exercise } of it.rows) {
    for (const region of regionsOf(it, exercise)) {
      if (acute.includes(region)) yield { message: `${exercise.slug} works the ${region}`, because: `injured in the last days: ${region}` };
    }
    const loads = exercise.hazards.some((hazard) => SHAKEN.has(hazard));
    const leg = acute.find((region) => LEGS.has(region));
    if (loads && leg !== undefined) {
      yield { message: `${exercise.slug} loads a leg injured in the last days`, because: `injured in the last days: ${leg}` };
    }
  }
}

/** W03, S06, K09, N04, O01, O08, O10 and generator.md's list. */
function* warningsAreGivenWhenDue(it: Case): Iterable<string | Finding> {
  const { local_time: time, gap_s: gap } = it.payload.request;
  const clock = (time ?? '').split('T').slice(-1)[0]!.slice(0, 5);
  const ok = it.routine.status === 'ok';
  const soreness = it.payload.profile?.soreness ?? [];
  const due: Readonly<Record<string, boolean>> = {
    pain_stop: it.conditions.length > 0 || soreness.length > 0 || painfulRegions(it).size > 0,
    seek_clearance: has(
      it, 'cardiac', 'hypertension', 'ankle_sprain_acute', 'calf_strain', 'hamstring_strain_acute', 'groin_strain',
      'osteoporosis', 'hip_replacement', 'concussion_recent', 'pregnancy_t1', 'pregnancy_t23', 'postpartum_early',
    ),
    refer: !ok,
    breathe: has(it, 'hypertension', 'cardiac', 'pregnancy_t1', 'pregnancy_t23'),
    support: has(it, 'fall_risk', 'vertigo', 'neuropathy') || (it.age >= 65 && ofType(it, 'balance').length > 0),
    time_too_short:
      (it.budget < 300 && (it.kind === 'warmup' || (it.kind === 'cooldown' && has(it, 'cardiac')))) ||
      (it.budget < 600 && it.kind === 'warmup' && has(it, 'exercise_asthma')),
    no_flexion_am: has(it, 'lumbar_disc') && clock !== '' && clock < '08:00',
    rewarm: ok && it.kind === 'warmup' && (gap ?? 0) > 1800,
    supervise: it.age < 14,
  };
  for (const [code, wanted] of Object.entries(due)) {
    if (wanted && !it.routine.warnings.includes(code)) yield `${code} is missing`;
  }
}

export const PEOPLE: Checks = [
  ['X01', redFlagsRefer],
  ['hazards', excludedHazardsAreAbsent],
  ['limits', limitedHazardsStaySmall],
  ['contract', timeAndDosesHold],
  ['U04', everyItemHasAReason],
  ['U05', difficultySuitsTheLevel],
  ['constraints', wishesAreKept],
  ['L04', painKeepsAnItemOut],
  ['O01', balanceWorkIsInWhenDue],
  ['O03', pregnancyStaysModerate],
  ['O05', bothFeetStayDown],
  ['O10', cardiacWarmupsAreGradual],
  ['O12', hypermobileJointsAreNotStretched],
  ['L02', painfulRegionIsSpared],
  ['K01', freshInjuryRests],
  ['warnings', warningsAreGivenWhenDue],
];

const ALONE: ReadonlySet<string> = new Set(['X01', 'hazards', 'U05', 'constraints', 'L04', 'O03', 'O05', 'O12', 'L02', 'K01']);
/** Those that judge an exercise by itself, without the rest of a routine. */
export const OF_ONE: Checks = PEOPLE.filter(([rule]) => ALONE.has(rule));
