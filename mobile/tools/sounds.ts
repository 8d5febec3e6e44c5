/** Writes the player's sounds into `assets/sounds`: npm run build && node build/tools/sounds.js */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fileOf, PROFILES, samplesOf, SOUNDS, waveFile } from '../src/player/synth';

const folder = join(process.cwd(), 'assets', 'sounds');
mkdirSync(folder, { recursive: true });
for (const profile of PROFILES) {
  for (const sound of SOUNDS) writeFileSync(join(folder, fileOf(profile, sound)), waveFile(samplesOf(profile, sound)));
}
