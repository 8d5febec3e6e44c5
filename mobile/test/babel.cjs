/** For what needs no React Native: the plain TypeScript of the generator, the domain, the store, the sync. */
module.exports = {
  presets: ['@babel/preset-typescript'],
  plugins: [['@babel/plugin-transform-modules-commonjs', { importInterop: 'babel' }]],
};
