import type { Lines, SoundName } from '../domain/cues';
import { awakened, begin, hurts, leftS, lengthen, pause, resume, skip, stepLeftS, type Play, type Planned } from '../domain/play';
import { speechMs } from '../domain/speech';
import { PLANNED_PACE } from '../domain/timeline';
import { drive, interrupt, type Driver, type DriverOptions } from './driver';

const AT = '2026-01-09T18:30:00.000Z';
const item = (slug: string, change: Partial<Planned> = {}): Planned & { origin: number | null } => ({
  slug, phase: 'raise', position: 'standing', reps: null, sets: 1, work_s_per_side: 20, sides: 1, rest_s: 0, transition_s: 5,
  origin: 0, ...change,
});
const lines = (slug: string): Lines => ({
  name: `Next: ${slug}.`, shortName: `${slug}.`, dose: '', how: '', sides: ['Left side.', 'Change sides. Right side.'], rest: 'Rest.',
  half: 'Halfway.', ten: 'Ten seconds.',
});

/** A player on fake time, with what it said, sounded and stored. */
function player(from: Play, change: Partial<DriverOptions> = {}, tookMs = (text: string) => speechMs(text, 'en')) {
  const heard: [second: number, what: string][] = [];
  const speaking = { now: 0, most: 0 };
  let stored: Play | null = null;
  const since = performance.now();
  const second = (): number => Math.round((performance.now() - since) / 100) / 10;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const driver = drive(from, {
    effects: {
      say: (text, done) => {
        heard.push([second(), text]);
        speaking.now += 1;
        speaking.most = Math.max(speaking.most, speaking.now);
        timer = setTimeout(() => {
          speaking.now -= 1;
          done(tookMs(text));
        }, tookMs(text));
      },
      hush: () => {
        clearTimeout(timer);
        speaking.now = 0;
      },
      sound: (name: SoundName) => heard.push([second(), name]),
      touch: () => undefined,
    },
    save: async (play) => {
      stored = JSON.parse(JSON.stringify(play)) as Play;
    },
    lines: ({ slug }) => lines(slug), cues: { voice: 'cues', ticks: false }, speechMs: (text, scale) => speechMs(text, 'en', scale),
    now: () => performance.now(), instant: () => AT, ...change,
  });
  driver.start();
  return { driver, heard, speaking, stored: () => stored! };
}

const run = async (seconds: number): Promise<void> => {
  await jest.advanceTimersByTimeAsync(seconds * 1000);
};
const started = (...items: (Planned & { origin: number | null })[]): Play => begin('id', AT, items, PLANNED_PACE);
const TWO = started(item('march'), item('calf', { sides: 2 }));

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('a routine is led from its first name to its finish', async () => {
  const { driver, heard } = player(TWO);
  await run(76);
  expect(heard).toEqual([
    [0, 'Next: march.'], [5, 'go'], [15, 'half'], [15.5, 'Halfway.'], [25, 'end'],
    [25, 'Next: calf.'], [expect.any(Number), 'Left side.'], [30, 'go'], [40, 'half'], [40.5, 'Halfway.'],
    [50, 'side'], [50.5, 'Change sides. Right side.'], [55, 'go'], [65, 'half'], [65.5, 'Halfway.'], [75, 'finish'],
  ]);
  expect(driver.play().finishedAt).toBe(AT);
});

test('a kill at any second resumes at that second, from what was stored', async () => {
  for (const second of [1, 3, 7, 26, 44, 53, 70]) {
    const first = player(TWO);
    await run(second + 0.3);
    const shown = leftS(first.driver.play());
    // Killed: nothing more is called; the next start has only what was stored.
    const again = player(awakened(first.stored()));
    expect([again.driver.play().paused, leftS(again.driver.play())]).toEqual(['away', shown]);
    again.driver.act(resume);
    await run(76);
    expect(again.driver.play().finishedAt).toBe(AT);
    await first.driver.stop();
  }
});

test('while it is paused nothing is said, nothing passes', async () => {
  const { driver, heard } = player(TWO);
  await run(8);
  driver.act((play) => pause(play, 'person'));
  const before = heard.length;
  await run(600);
  expect(heard).toHaveLength(before);
  expect(stepLeftS(driver.play())).toBe(17);
  driver.act(resume);
  expect(heard.at(-1)![1]).toBe('march.');
  await run(17);
  expect(heard.map(([, what]) => what)).toContain('end');
});

test('a call pauses it, and it waits until somebody goes on', async () => {
  const { driver } = player(TWO);
  await run(9);
  interrupt(driver);
  await run(300);
  expect([driver.play().paused, stepLeftS(driver.play())]).toEqual(['away', 16]);
});

test('a phone that slept says nothing of what it missed', async () => {
  const { driver, heard } = player(TWO);
  await run(8);
  const before = heard.length;
  jest.setSystemTime(Date.now() + 3_600_000); // the wall clock alone: nothing happens
  await run(1);
  expect(driver.play().paused).toBeNull();
  const { driver: slept } = player(TWO, { now: ((reads) => () => (reads += 60_000))(0) });
  await run(1);
  expect(slept.play().paused).toBe('away');
  expect(heard).toHaveLength(before);
});

test('skip says the next name at once, and never two sentences together', async () => {
  const { driver, heard, speaking } = player(TWO);
  await run(0.3);
  driver.act(skip);
  expect(heard.map(([, what]) => what)).toEqual(['Next: march.', 'Next: calf.']);
  await run(70);
  expect(speaking.most).toBe(1);
});

test('a voice slower than thought is never talked over, and the name is always finished', async () => {
  const slow = player(TWO, {}, (text) => speechMs(text, 'en') * 3);
  await run(80);
  expect(slow.speaking.most).toBe(1);
  expect(slow.heard.map(([, what]) => what)).toEqual(expect.arrayContaining(['Next: march.', 'Next: calf.', 'Change sides. Right side.']));
});

test('longer moves the halfway and the end, and repeats nothing', async () => {
  const { driver, heard } = player(started(item('march')));
  await run(7);
  driver.act((play) => lengthen(play, 60));
  await run(30);
  expect(heard.slice(1)).toEqual([[5, 'go'], [20, 'half'], [20.5, 'Halfway.'], [35, 'finish']]);
});

test('pain silences everything until it goes on', async () => {
  const { driver, heard } = player(TWO);
  await run(8);
  driver.act((play) => hurts(play, { region: null, level: 3 }, () => false));
  const before = heard.length;
  await run(60);
  expect(heard).toHaveLength(before);
  driver.act(resume);
  expect(heard.at(-1)![1]).toBe('Next: calf.');
});

test('each shown second is stored once, and screens are told once', async () => {
  let saves = 0;
  let told = 0;
  const { driver } = player(TWO, {
    save: async () => {
      saves += 1;
    },
  });
  driver.subscribe(() => {
    told += 1;
  });
  await run(10.05);
  expect(told).toBe(10);
  expect(saves).toBe(10);
});

test('a store that fails does not stop the timer', async () => {
  const { driver } = player(TWO, { save: () => Promise.reject(new Error('disk full')) });
  await run(76);
  expect(driver.play().finishedAt).toBe(AT);
});

test('a stopped player holds its place', async () => {
  const { driver, stored } = player(TWO);
  await run(12);
  await (driver as Driver).stop();
  await run(100);
  expect(stored().at).toEqual(driver.play().at);
  expect(stepLeftS(driver.play())).toBe(13);
});
