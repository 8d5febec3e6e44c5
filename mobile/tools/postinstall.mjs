// onnxruntime-react-native ships a unimodule.json of an older time, for which Expo leaves it out of Android's autolinking:
// the native module is then missing and the app dies at its import (microsoft/onnxruntime#29004).
import { rmSync } from 'node:fs';

rmSync(new URL('../node_modules/onnxruntime-react-native/unimodule.json', import.meta.url), { force: true });
