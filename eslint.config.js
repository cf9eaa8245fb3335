'use strict';

const js = require('@eslint/js');
const globals = require('globals');

const rules = {
  ...js.configs.recommended.rules,
  'array-callback-return': 'error',
  curly: ['error', 'multi-line'],
  'default-case-last': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-console': 'off',
  'no-else-return': 'error',
  'no-eval': 'error',
  'no-implicit-coercion': 'error',
  'no-implied-eval': 'error',
  'no-lonely-if': 'error',
  'no-new-func': 'error',
  'no-param-reassign': 'off',
  'no-return-assign': 'error',
  'no-self-compare': 'error',
  'no-sequences': 'error',
  'no-template-curly-in-string': 'error',
  'no-throw-literal': 'error',
  'no-unreachable-loop': 'error',
  'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'all', argsIgnorePattern: '^_' }],
  'no-useless-return': 'error',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
  'prefer-object-has-own': 'error',
  'prefer-rest-params': 'error',
  'prefer-spread': 'error',
  'require-atomic-updates': 'off',
  strict: ['error', 'global'],
};

module.exports = [
  { ignores: ['**/node_modules/', 'build/', 'prebuilds/', 'coverage/', '**/*.d.ts', '**/*.d.mts'] },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: { ecmaVersion: 2023, sourceType: 'commonjs', globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules,
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { ecmaVersion: 2023, sourceType: 'module', globals: globals.nodeBuiltin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { ...rules, strict: 'off' },
  },
  // The product prints nothing: what it has to say is in results and errors.
  { files: ['lib/**'], rules: { 'no-console': 'error' } },
  { files: ['test/**/*.js'], languageOptions: { globals: globals.jest } },
];
