/** `*.test.ts` is plain TypeScript in Node, quick; `*.test.tsx` renders screens with React Native's preset. */
const preset = require('jest-expo/jest-preset');

const moduleNameMapper = {
  '^@/(.*)$': '<rootDir>/src/$1',
  '^expo-sqlite$': '<rootDir>/test/expo-sqlite.ts',
  // These ship as modules that Jest does not read; their sources it does.
  '^@noble/hashes/(.*)\\.js$': '<rootDir>/node_modules/@noble/hashes/src/$1.ts',
  '^@noble/ed25519$': '<rootDir>/node_modules/@noble/ed25519/index.ts',
};
const [libraries, ...tools] = preset.transformIgnorePatterns;
const SOURCES = '\\.[jt]sx?$';
const [babelJest, babelOptions] = preset.transform[SOURCES];

module.exports = {
  projects: [
    {
      displayName: 'plain',
      roots: ['<rootDir>/src'],
      testMatch: ['**/*.test.ts'],
      testEnvironment: '<rootDir>/test/environment.cjs',
      transform: { [SOURCES]: ['babel-jest', { configFile: './test/babel.cjs' }] },
      transformIgnorePatterns: ['/node_modules/(?!@noble/)'],
      moduleNameMapper,
    },
    {
      displayName: 'screens',
      preset: 'jest-expo',
      roots: ['<rootDir>/src'],
      testMatch: ['**/*.test.tsx'],
      transform: {
        ...preset.transform,
        [SOURCES]: [babelJest, { ...babelOptions, plugins: [require.resolve('./test/dynamicImport.cjs')] }],
      },
      transformIgnorePatterns: [libraries.replace('(?!(', '(?!(@noble|intl-messageformat|@formatjs|'), ...tools],
      moduleNameMapper,
    },
  ],
};
