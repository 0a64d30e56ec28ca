import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * For code about values that have no types.
 *
 * @type {import('eslint').Linter.RulesRecord}
 */
const UNTYPED = {
  '@typescript-eslint/no-unsafe-argument': 'off',
  '@typescript-eslint/no-unsafe-assignment': 'off',
  '@typescript-eslint/no-unsafe-call': 'off',
  '@typescript-eslint/no-unsafe-member-access': 'off',
  '@typescript-eslint/no-unsafe-return': 'off',
};

export default defineConfig(
  globalIgnores(['**/dist/', '**/gen/', 'coverage/', 'test/.venv/', 'test/.out/']),
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      // one program over all sources; the packages' own projects leave out their specs
      parserOptions: { project: ['test/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // knows that a class Nest injects must stay a real import
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: 'error',

      // a Nest module is an empty class under a decorator
      '@typescript-eslint/no-extraneous-class': 'off',
      // a handler is async by contract, whether or not it waits today
      '@typescript-eslint/require-await': 'off',
      // so is one that yields nothing
      'require-yield': 'off',
      // with noUncheckedIndexedAccess, a checked index needs a way to say so; the alternative is `as`, which hides more
      '@typescript-eslint/no-non-null-assertion': 'off',
      // numbers and booleans read well in a message
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => void`: a listener in one line; what it calls returns nothing either
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // a type argument that only the caller gives is how a key or a reader is typed once, instead of at every use
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // types over handlers ask whether one returns nothing
      '@typescript-eslint/no-invalid-void-type': 'off',
      // stand-ins take the place of a class by its shape, as in any test of a Nest application
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // the compiler says it, and knows more
      '@typescript-eslint/no-unused-vars': 'off',
      'no-undef': 'off',
    },
  },
  {
    files: ['test/**', '**/*.spec.ts'],
    rules: {
      // stubs do nothing, on purpose
      '@typescript-eslint/no-empty-function': 'off',
      // the raw grpc-js clients that tests call with are untyped, and a wrong guess fails the test
      '@typescript-eslint/no-explicit-any': 'off',
      ...UNTYPED,
    },
  },
  {
    // for the compiler only: their expressions and classes are there to be accepted or refused
    files: ['**/*.test-d.ts'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off' },
  },
  {
    // plain scripts: their JSON is untyped, and console is where they speak
    files: ['**/*.mjs'],
    rules: UNTYPED,
  },
  {
    // programs that no project of ours has: they run what is built, as an application would
    files: ['**/*.cjs', 'test/{bench,fixtures}/**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
