/**
 * Reminders are made on the phone itself. expo-notifications asks Apple for pushes all the same, which this takes
 * back: it stands first among the plugins, as the first has the last word.
 */
const { withEntitlementsPlist } = require('expo/config-plugins');

module.exports = (config) => withEntitlementsPlist(config, (project) => {
  delete project.modResults['aps-environment'];
  return project;
});
