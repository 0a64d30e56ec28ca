import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../check/sources.mjs';

describe('the test suite', () => {
  it('fails on what no test reports, and ends with the totals', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/house/fixtures/vitest.config.ts'],
      { cwd: ROOT, encoding: 'utf8' },
    );

    expect(status).toBe(1);
    expect(stderr).toContain('unexpected process warning Warning: something leaks');
    expect(stderr).toContain('nobody waits for this');
    expect(stdout.trimEnd().split('\n').slice(-2)).toEqual([
      'skipped: test/house/fixtures/passes.fixture.ts > is skipped: there is nothing to test',
      // failed: a test, a file that does not load, a warning and a rejection
      '3 passed, 4 failed, 1 skipped',
    ]);
  });
});
