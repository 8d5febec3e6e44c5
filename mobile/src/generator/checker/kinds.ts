/** Safety checks of the kinds of routine and the doses: groups W, S, F, P and C of evidence.json. */

import { has, lengthOf, ofType, sum, vocabulary, workOf, type Case, type Checks } from './case';

const RANK: Readonly<Record<string, number>> = { raise: 0, mobilise: 1, activate: 1, potentiate: 2 };

function* phasesFollowRamp(it: Case): Iterable<string> {
  if (it.kind !== 'warmup') return;
  const ranks = it.rows.map(({ item }) => RANK[item.phase] ?? 9);
  const falls = ranks.some((rank, i) => i > 0 && rank < ranks[i - 1]!);
  if (falls || ranks.includes(9)) yield `phases ${it.rows.map(({ item }) => item.phase).join(', ')}`;
}

function* warmupStartsWithPulseRaising(it: Case): Iterable<string> {
  if (it.kind !== 'warmup') return;
  const share = it.age >= 50 || has(it, 'hypertension', 'cardiac', 'exercise_asthma') ? 0.2 : 0.15;
  const third = it.routine.total_s / 3;
  let clock = 0;
  let seconds = 0;
  for (const { item, exercise } of it.rows) {
    const begin = clock + item.transition_s;
    const end = clock + lengthOf(item);
    if (exercise.type === 'pulse_raiser') seconds += Math.max(0, Math.min(end, third) - begin);
    clock = end;
  }
  if (seconds < Math.max(35, share * it.budget)) yield `${Math.round(seconds)} s of pulse raising in the first third`;
}

function* noColdStart(it: Case): Iterable<string> {
  const first = it.rows[0]?.exercise;
  if (it.kind === 'warmup' && first && (it.level !== 'trained' || it.age >= 40) && first.met >= 6) {
    yield `starts with ${first.slug} at ${first.met} MET`;
  }
}

function* warmupDoesNotEndAtRest(it: Case): Iterable<string> {
  const last = it.rows.at(-1)?.exercise;
  if (it.kind === 'warmup' && last && ['breathing', 'static_stretch', 'pnf_stretch'].includes(last.type)) {
    yield `ends with ${last.slug}`;
  }
}

function explosive(it: Case): number {
  const { activity } = it.payload.request;
  const entry = typeof activity === 'string' ? it.catalog.activities.get(activity) : activity;
  return entry?.explosive ?? 0;
}

/** S01-S04. */
function* staticWorkBeforeActivity(it: Case): Iterable<string> {
  if (it.kind !== 'warmup') return;
  if (ofType(it, 'pnf_stretch').length > 0) yield 'contract-relax in a warm-up';
  const perMuscle = new Map<string, number>();
  for (const { item, exercise } of ofType(it, 'static_stretch')) {
    for (const muscle of exercise.primary_muscles) {
      perMuscle.set(muscle, (perMuscle.get(muscle) ?? 0) + workOf(item));
    }
    if (explosive(it) >= 2 && item.work_s_per_side > 30) yield `${exercise.slug} is held ${item.work_s_per_side} s`;
  }
  for (const [muscle, seconds] of perMuscle) {
    if (seconds >= 60) yield `${seconds} s of static stretching for ${muscle}`;
  }
  if (perMuscle.size > 0) {
    const last = it.rows.map(({ exercise }) => exercise.type).lastIndexOf('static_stretch');
    const dynamic = ['dynamic_stretch', 'skill_drill', 'pulse_raiser'];
    const after = it.rows.slice(last + 1).filter(({ exercise }) => dynamic.includes(exercise.type));
    const seconds = sum(after.map(({ item }) => workOf(item)));
    if (seconds < 120) yield `${seconds} s of dynamic work after the last hold`;
  }
}

/** F01, F02, F06. */
function* holdsAreDosedByAge(it: Case): Iterable<string> {
  const low = it.age >= 65 ? 30 : 10;
  for (const { item, exercise } of ofType(it, 'static_stretch')) {
    const held = item.work_s_per_side;
    if (held < low || held > 60) yield `${exercise.slug} is held ${held} s at ${it.age}`;
  }
  for (const { item, exercise } of ofType(it, 'pnf_stretch')) {
    const held = item.work_s_per_side;
    if (held % 15 !== 0 || item.sets * held > 60) {
      yield `${exercise.slug}: ${item.sets} x ${held} s is not 1-4 rounds of 15 s`;
    }
  }
}

function* stretchingComesWarm(it: Case): Iterable<string> {
  const first = it.rows[0]?.exercise.type;
  const gentle = ['pulse_raiser', 'mobility', 'dynamic_stretch', 'foam_roll'];
  if (it.kind === 'mobility' && first && !gentle.includes(first)) yield `starts with a ${first}`;
}

function* stretchesSayStopBeforePain(it: Case): Iterable<string> {
  for (const { exercise } of ofType(it, 'static_stretch', 'pnf_stretch')) {
    if (!exercise.cue?.trim()) yield `${exercise.slug} has no cue`;
  }
}

/** P01, and N04: none below 14. */
function* rampSetsLeaveTime(it: Case): Iterable<string> {
  const ramps = ofType(it, 'potentiation').filter(({ exercise }) => exercise.hazards.includes('isometric_hold'));
  const gap = it.payload.request.gap_s ?? null;
  if (ramps.length > 0 && (gap === null || gap < 180 || it.age < 14)) {
    yield `${ramps.map(({ exercise }) => exercise.slug).join(', ')} with a gap of ${gap} s at ${it.age}`;
  }
}

/** P02, P03. */
function* potentiationSuitsTheLevel(it: Case): Iterable<string> {
  const rows = it.rows.filter(({ item, exercise }) => exercise.type === 'potentiation' || item.phase === 'potentiate');
  if (rows.length > 0 && it.level === 'beginner') yield `a beginner gets ${rows[0]!.exercise.slug}`;
  for (const { item, exercise } of rows) {
    if (item.work_s_per_side > 30) yield `${exercise.slug} takes ${item.work_s_per_side} s a set`;
    if (it.level === 'recreational' && exercise.hazards.includes('isometric_hold')) {
      yield `${exercise.slug} is not low-load`;
    }
  }
  const jumping = it.rows.filter(({ exercise }) => exercise.hazards.includes('impact_high'));
  const seconds = sum(jumping.map(({ item }) => workOf(item)));
  if (seconds > 120) yield `${seconds} s of jumping`;
}

function* cooldownStartsUpright(it: Case): Iterable<string> {
  const first = it.rows[0]?.exercise;
  if (it.kind !== 'cooldown' || !first) return;
  if (first.type !== 'pulse_raiser' || first.met > 4) yield `starts with ${first.slug}`;
  let clock = 0;
  for (const { item } of it.rows) {
    if (clock < 60 && ['supine', 'inverted'].includes(item.position)) yield `${item.slug} lies down after ${clock} s`;
    clock += lengthOf(item);
  }
  const easy = sum(ofType(it, 'pulse_raiser').map(({ item }) => workOf(item)));
  if (has(it, 'cardiac', 'hypertension') && easy < Math.min(270, 0.35 * it.budget)) {
    yield `${easy} s of easy movement for somebody whose heart needs a gradual end`;
  }
}

function* cooldownStaysLow(it: Case): Iterable<string> {
  if (it.kind !== 'cooldown') return;
  for (const { exercise } of it.rows) {
    const lands = exercise.hazards.includes('impact') || exercise.hazards.includes('impact_high');
    if (exercise.met > 4.2 || lands) yield `${exercise.slug} at ${exercise.met} MET`;
  }
}

function* rollingIsDosed(it: Case): Iterable<string> {
  const seconds = new Map<string, number>();
  for (const { item, exercise } of ofType(it, 'foam_roll')) {
    for (const muscle of exercise.primary_muscles) seconds.set(muscle, (seconds.get(muscle) ?? 0) + workOf(item));
  }
  for (const [muscle, s] of seconds) if (s < 30 || s > 120) yield `${s} s of rolling for ${muscle}`;
}

function* deskBreakIsLight(it: Case): Iterable<string> {
  if (it.kind !== 'desk_break') return;
  const floor = vocabulary(it, 'floor_positions');
  for (const { item, exercise } of it.rows) {
    if (exercise.met >= 4 || floor.has(item.position)) yield `${exercise.slug} in a desk break`;
  }
}

export const KINDS: Checks = [
  ['W01', phasesFollowRamp],
  ['W02', warmupStartsWithPulseRaising],
  ['W09', noColdStart],
  ['W11', warmupDoesNotEndAtRest],
  ['S01', staticWorkBeforeActivity],
  ['F01', holdsAreDosedByAge],
  ['F05', stretchingComesWarm],
  ['F07', stretchesSayStopBeforePain],
  ['P01', rampSetsLeaveTime],
  ['P02', potentiationSuitsTheLevel],
  ['C04', cooldownStartsUpright],
  ['C05', cooldownStaysLow],
  ['C06', rollingIsDosed],
  ['C09', deskBreakIsLight],
];
