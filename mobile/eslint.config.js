const { defineConfig } = require('eslint/config');
const expo = require('eslint-config-expo/flat');

module.exports = defineConfig([
  { ignores: ['dist*/**', 'build/**', 'public/**', 'node_modules/**', '.expo/**'] },
  expo,
  {
    rules: {
      'import/no-unresolved': 'off', // tsc checks this, and knows the platforms' suffixes
      'import/no-named-as-default-member': 'off', // `fc.array` is how fast-check is written
    },
  },
  { files: ['tools/**/*.js', 'plugins/**'], languageOptions: { globals: { __dirname: 'readonly' } } },
  { files: ['tools/**/*.mjs'], languageOptions: { globals: { Buffer: 'readonly', process: 'readonly' } } },
  {
    // Filled in when the app is built.
    files: ['tools/web/sw.js'],
    languageOptions: { globals: { __FILES__: 'readonly', __ROUTES__: 'readonly' } },
  },
  { files: ['test/**', 'tools/**'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  {
    // The synchronous calls need SharedArrayBuffer on the web, which our pages do not have.
    rules: {
      'no-restricted-syntax': ['error', {
        selector: "CallExpression[callee.property.name=/^(openDatabase|exec|run|getFirst|getAll|getEach|prepare|withTransaction)Sync$/]",
        message: 'Only the asynchronous calls of expo-sqlite work on the web.',
      }],
    },
  },
]);
