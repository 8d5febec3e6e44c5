import fc from 'fast-check';
import { cuesOf, due, type Cue, type CueOptions, type Lines, type Speech, type Voice } from './cues';
import { calibrated, speechMs } from './speech';
import { stepsOf, type Timed } from './timeline';

const LINES: Lines = {
  name: 'Next: Calf stretch at the wall.', shortName: 'Calf stretch at the wall.', dose: 'Two sides, 30 seconds each.',
  how: 'Press the back heel down and lean in until you feel an easy pull.', sides: ['Left side.', 'Change. Right side.'],
  rest: 'Rest.', half: 'Halfway.', ten: 'Ten seconds.',
};
const spoken = (cues: readonly Cue[]): Speech[] => cues.filter((cue): cue is Speech => cue.kind === 'speech');
const options = (change: Partial<CueOptions> = {}): CueOptions => ({
  voice: 'full', ticks: true, last: false, speechMs: (text) => speechMs(text, 'en'), ...change,
});

const timed = fc.record<Timed>({
  sets: fc.integer({ min: 1, max: 4 }), work_s_per_side: fc.integer({ min: 3, max: 300 }),
  sides: fc.integer({ min: 1, max: 2 }), rest_s: fc.integer({ min: 0, max: 60 }),
  transition_s: fc.integer({ min: 3, max: 30 }),
});
const words = fc.string({ maxLength: 120 });
const lines = fc.record<Lines>({
  name: words, shortName: words, dose: words, how: words, sides: fc.tuple(words, words), rest: words, half: words, ten: words,
});
const voice = fc.constantFrom<Voice>('cues', 'full');
const slowness = fc.double({ min: 0.7, max: 2, noNaN: true });

test('no sentence overlaps another, and each has ended before the exercise has', () => {
  fc.assert(fc.property(timed, lines, voice, slowness, (item, text, mode, scale) => {
    const steps = stepsOf(item);
    const cues = spoken(cuesOf(steps, text, options({ voice: mode, speechMs: (one) => speechMs(one, 'de', scale) })));
    const end = steps.reduce((sum, step) => sum + step.s * 1000, 0);
    cues.forEach((cue, i) => {
      const next = cues[i + 1];
      expect(cue.at + cue.ms).toBeLessThanOrEqual(next === undefined ? end : next.at);
    });
  }));
});

test('a name has been finished before the halfway cue, whatever the name', () => {
  fc.assert(fc.property(timed, lines, voice, slowness, (item, text, mode, scale) => {
    const cues = cuesOf(stepsOf(item), text, options({ voice: mode, speechMs: (one) => speechMs(one, 'en', scale) }));
    const name = spoken(cues).find((cue) => cue.what === 'name');
    const half = cues.find((cue) => (cue.kind === 'speech' ? cue.what === 'half' : cue.sound === 'half'));
    if (name !== undefined && half !== undefined) expect(name.at + name.ms).toBeLessThan(half.at);
  }));
});

test('every name of the catalogue has room in even the shortest exercise that a routine plans', () => {
  const longest = 'Dowel-assisted external rotation, elbow at side';
  const steps = stepsOf({ sets: 1, work_s_per_side: 8, sides: 1, rest_s: 0, transition_s: 3 });
  const cues = spoken(cuesOf(steps, { ...LINES, name: `Next: ${longest}.`, shortName: longest }, options({ voice: 'cues' })));
  expect(cues[0]!.text).toContain(longest);
});

test('every change of sides and every rest is said, at its beginning', () => {
  fc.assert(fc.property(timed.filter((item) => item.rest_s >= 4), voice, (item, mode) => {
    const steps = stepsOf(item);
    const cues = spoken(cuesOf(steps, LINES, options({ voice: mode })));
    const said = (what: string): number => cues.filter((cue) => cue.what === what && cue.at > 0).length;
    expect(said('rest')).toBe(item.sets - 1);
    expect(cues.filter((cue) => cue.text === LINES.sides[1])).toHaveLength(item.sides > 1 ? item.sets : 0);
    expect(cues.some((cue) => cue.what === 'name')).toBe(true);
  }));
});

test('a switched-off voice leaves the sounds', () => {
  const cues = cuesOf(stepsOf({ sets: 1, work_s_per_side: 30, sides: 2, rest_s: 0, transition_s: 6 }), LINES, options({ voice: 'off' }));
  expect(spoken(cues)).toEqual([]);
  expect(cues.filter((cue) => cue.kind === 'sound' && cue.sound !== 'tick').map((cue) => [cue.at, (cue as { sound: string }).sound]))
    .toEqual([[6000, 'go'], [21000, 'half'], [36000, 'side'], [41000, 'go'], [56000, 'half'], [71000, 'end']]);
});

test('few words leave out what is nice to know', () => {
  const steps = stepsOf({ sets: 1, work_s_per_side: 60, sides: 1, rest_s: 0, transition_s: 10 });
  const heard = (mode: Voice): string[] => spoken(cuesOf(steps, LINES, options({ voice: mode }))).map((cue) => cue.what);
  expect(heard('cues')).toEqual(['name', 'half']);
  expect(heard('full')).toEqual(['name', 'dose', 'how', 'half', 'ten']);
});

test('the last exercise ends with the finish, any other with its end', () => {
  const steps = stepsOf({ sets: 1, work_s_per_side: 30, sides: 1, rest_s: 0, transition_s: 6 });
  const end = (last: boolean): Cue => cuesOf(steps, LINES, options({ last })).at(-1)!;
  expect(end(true)).toEqual({ kind: 'sound', sound: 'finish', at: 36000 });
  expect(end(false)).toEqual({ kind: 'sound', sound: 'end', at: 36000 });
});

test('a countdown ticks only while nobody speaks', () => {
  fc.assert(fc.property(timed, lines, (item, text) => {
    const cues = cuesOf(stepsOf(item), text, options());
    const speech = spoken(cues);
    for (const cue of cues.filter((one) => one.kind === 'sound' && one.sound === 'tick')) {
      expect(speech.every((one) => cue.at >= one.at + one.ms || cue.at < one.at)).toBe(true);
    }
  }));
});

test('however the clock is read, each cue comes once', () => {
  fc.assert(fc.property(timed, fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 60 }), (item, parts) => {
    const cues = cuesOf(stepsOf(item), LINES, options());
    let now = -1;
    const heard: Cue[] = [];
    for (const part of parts) {
      heard.push(...due(cues, now, now + part));
      now += part;
    }
    expect(heard).toEqual(cues.filter((cue) => cue.at <= now));
  }));
});

test('an estimate moves towards what a voice really takes, within bounds', () => {
  let scale = 1;
  for (let i = 0; i < 30; i += 1) scale = calibrated(scale, speechMs('Calf stretch.', 'en', scale), 2000);
  expect(speechMs('Calf stretch.', 'en', scale)).toBeGreaterThan(1900);
  expect(calibrated(1, 1000, 90_000)).toBeCloseTo(1.3);
  expect(calibrated(1, 0, 500)).toBe(1);
});

test('numbers take as long as their words', () => {
  expect(speechMs('30', 'en')).toBeGreaterThan(speechMs('ab', 'en'));
});
