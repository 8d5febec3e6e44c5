/** `*.test.ts` is plain TypeScript in Node, quick; `*.test.tsx` renders screens with React Native's preset. */
const paths = { '^@/(.*)$': '<rootDir>/src/$1' };
module.exports = {
  projects: [
    {
      displayName: 'plain',
      roots: ['<rootDir>/src'],
      testMatch: ['**/*.test.ts'],
      testEnvironment: '<rootDir>/test/environment.cjs',
      transform: { '\\.[jt]sx?$': ['babel-jest', { configFile: './test/babel.cjs' }] },
      moduleNameMapper: { ...paths, '^expo-sqlite$': '<rootDir>/test/expo-sqlite.ts' },
    },
    {
      displayName: 'screens',
      preset: 'jest-expo',
      roots: ['<rootDir>/src'],
      testMatch: ['**/*.test.tsx'],
      setupFiles: ['<rootDir>/test/screens.ts'],
      moduleNameMapper: { ...paths, '^expo-sqlite$': '<rootDir>/test/expo-sqlite.ts' },
    },
  ],
};
