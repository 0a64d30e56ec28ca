import { defineConfig } from 'vitest/config';

/** `source`: the workspace's packages resolve to their TypeScript sources, so tests need no build. */
const conditions = ['source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  // without this, decorators in files that no tsconfig covers are a syntax error
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['framework/src/**/*.spec.ts', 'sample-app/src/**/*.spec.ts', 'test/**/*.spec.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
