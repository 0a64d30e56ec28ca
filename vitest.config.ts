import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * `source`: the workspace's packages resolve to their TypeScript sources, so tests need no build. No `import` here: the
 * test processes get these for `require` too, and a CommonJS package would then load the ES form of another one.
 */
const conditions = ['source', 'node'];

export default defineConfig({
  // without this, decorators in files that no tsconfig covers are a syntax error
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['framework/src/**/*.spec.ts', 'sample-app/src/**/*.spec.ts', 'test/**/*.spec.ts'],
    setupFiles: ['test/house/fail-on-warnings.ts'],
    reporters: ['default', './test/house/totals-reporter.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // every file listens on ports of its own choice; more workers than cores only make timings noisy
    maxWorkers: 2,
    typecheck: {
      enabled: true,
      include: ['test/types/**/*.test-d.ts'],
      tsconfig: 'test/tsconfig.types.json',
      // by path: both compilers want the name `tsc`, and this one is several times faster
      checker: fileURLToPath(new URL('node_modules/typescript-7/bin/tsc', import.meta.url)),
    },
  },
});
