/** For what no page of ours on the web comes to: components that show nothing. See ../lean.js. */
const React = require('react');

const nothing = () => null;

module.exports = {
  __esModule: true,
  default: nothing,
  BottomTabBarHeightContext: React.createContext(undefined),
  createBottomTabNavigator: () => ({ Navigator: nothing, Screen: nothing }),
  createNativeStackNavigator: () => ({ Navigator: nothing, Screen: nothing }),
  initScreensFeatureFlags: nothing,
  Helmet: nothing,
  HelmetProvider: ({ children }) => children,
};
