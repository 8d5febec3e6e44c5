/**
 * What the web bundle does without. expo-router brings every kind of navigator into the first load; on the web ours uses only
 * `Slot`, and the browser's history is the stack. The budget test (tests/app/test_budgets.py) watches what this saves.
 */

const path = require('path');

const instead = (name) => path.join(__dirname, 'instead', name);

const INSTEAD = [
  // navigators and their headers, for Stack and Tabs
  [/expo-router\/build\/react-navigation\/bottom-tabs\/index\.js$/, instead('nothing.js')],
  [/expo-router\/build\/fork\/native-stack\/createNativeStackNavigator(\.web)?\.js$/, instead('nothing.js')],
  [/expo-router\/build\/layouts\/(_web-modal|TabsClient)\.js$/, instead('nothing.js')],
  // settings of react-native-screens, which the web does not show
  [/expo-router\/build\/screensFeatureFlags\.js$/, instead('nothing.js')],
  // titles of pages are set by src/ui/page.web.ts
  [/expo-router\/vendor\/react-helmet-async\/lib\/index(\.esm)?\.js$/, instead('nothing.js')],
  // only used while developing
  [/@expo\/devtools\/build\/index\.js$/, instead('nothing.js')],
  [/react-native-web\/dist\/index\.js$/, instead('react-native.js')],
];

/** A resolver for Metro that swaps modules on the web. `next` is the one before it. */
function leanOnTheWeb(next) {
  return (context, name, platform) => {
    const found = (next ?? context.resolveRequest)(context, name, platform);
    if (platform !== 'web' || found.type !== 'sourceFile') return found;
    const swap = INSTEAD.find(([pattern]) => pattern.test(found.filePath.split(path.sep).join('/')));
    return swap ? { type: 'sourceFile', filePath: swap[1] } : found;
  };
}

module.exports = { leanOnTheWeb };
