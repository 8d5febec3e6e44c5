// onnxruntime-react-native ships a unimodule.json of an older time, for which Expo leaves it out of Android's autolinking:
// the native module is then missing and the app dies at its import (microsoft/onnxruntime#29004).
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

rmSync(new URL('../node_modules/onnxruntime-react-native/unimodule.json', import.meta.url), { force: true });

// expo-sqlite's worker gives up for good when the page before this one still has the file at its first try: it takes what it
// began for done, and every later try fails with "Invalid VFS state". A try must begin anew (src/store/index.ts tries again).
const worker = new URL('../node_modules/expo-sqlite/web/worker.ts', import.meta.url);
const given = readFileSync(worker, 'utf8');
const ONCE = '  if (!_sqlite3) {\n    const module';
const ANEW = '  if (!_sqlite3 || _vfs == null || _vfsMemory == null) {\n    const module';
if (given.includes(ONCE)) writeFileSync(worker, given.replace(ONCE, ANEW));
else if (!given.includes(ANEW)) throw new Error('expo-sqlite/web/worker.ts has changed: see whether it still gives up after one try');
