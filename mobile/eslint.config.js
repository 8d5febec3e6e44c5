const { defineConfig } = require('eslint/config');
const expo = require('eslint-config-expo/flat');

module.exports = defineConfig([
  { ignores: ['dist*/**', 'build/**', 'public/**', 'node_modules/**', '.expo/**'] },
  expo,
  { rules: { 'import/no-unresolved': 'off' } }, // tsc checks this, and knows the platforms' suffixes
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
