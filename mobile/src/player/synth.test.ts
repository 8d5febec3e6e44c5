import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SoundName } from '../domain/cues';
import { fileOf, PROFILES, RATE, samplesOf as made, SOUNDS, waveFile, type Profile } from './synth';

const kept = new Map<string, Float32Array>();

/** Each is made once. */
function samplesOf(profile: Profile, sound: SoundName): Float32Array {
  const file = fileOf(profile, sound);
  if (!kept.has(file)) kept.set(file, made(profile, sound));
  return kept.get(file)!;
}

const every = PROFILES.flatMap((profile) => SOUNDS.map((sound) => [profile, sound] as const));

test.each(every)('the file of %s %s is what its recipe makes', (profile, sound) => {
  const written = readFileSync(join(__dirname, '../../assets/sounds', fileOf(profile, sound)));
  expect(written.equals(Buffer.from(waveFile(samplesOf(profile, sound))))).toBe(true);
});

test.each(every)('%s %s begins and ends in silence, never clips, and can be heard', (profile, sound) => {
  const samples = samplesOf(profile, sound);
  const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(Math.abs(samples[0]!)).toBeLessThan(0.01);
  expect(Math.abs(samples.at(-1)!)).toBeLessThan(0.01);
  expect(peak).toBeLessThan(0.95);
  expect(peak).toBeGreaterThan(0.15);
});

test('calm is calmer: no sound is louder or begins more suddenly than its lively sister', () => {
  const rise = (samples: Float32Array): number => samples.slice(0, RATE / 200).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const energy = (samples: Float32Array): number => samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const sound of SOUNDS) {
    expect(rise(samplesOf('calm', sound))).toBeLessThan(rise(samplesOf('lively', sound)));
    expect(energy(samplesOf('calm', sound))).toBeLessThan(1.2 * energy(samplesOf('lively', sound)));
  }
});

test('all sounds together are small', () => {
  const bytes = every.reduce((sum, [profile, sound]) => sum + waveFile(samplesOf(profile, sound)).length, 0);
  expect(bytes).toBeLessThan(300_000);
});
