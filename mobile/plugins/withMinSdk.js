/** Health Connect needs Android 8 (API level 26); Expo's own least is lower. */
const { withGradleProperties } = require('expo/config-plugins');

const KEY = 'android.minSdkVersion';

module.exports = (config, level) => withGradleProperties(config, (project) => {
  project.modResults = project.modResults.filter((entry) => entry.type !== 'property' || entry.key !== KEY);
  project.modResults.push({ type: 'property', key: KEY, value: String(level) });
  return project;
});
