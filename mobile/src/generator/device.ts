/** The machine that the app runs on, as the generator needs it. */

import Constants from 'expo-constants';

import { entropy } from '@/store/entropy';
import { toHex } from '@/store/uuid';
import { asset } from './assets';
import { openEngine } from './engine';
import { deviceFiles } from './files';
import type { Device } from './open';

/** A random UUID (version 4): unlike version 7 it does not tell when it was made. */
function uuid4(): string {
  const bytes = entropy(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const text = toHex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

export function device(): Device {
  return {
    asset,
    files: deviceFiles,
    engine: openEngine,
    app: Constants.expoConfig?.version ?? '0.0.0',
    uuid: uuid4,
    now: () => new Date(),
    ticks: () => performance.now(),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}
