import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

const STDOUT = 1;

/** Says why each skipped test was skipped, and ends the output with one plain line: `N passed, N failed[, N skipped]`. */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const reasons: string[] = [];
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') totals.passed += 1;
        if (result.state === 'failed') failedHere += 1;
        if (result.state === 'skipped') {
          totals.skipped += 1;
          reasons.push(`skipped: ${module.relativeModuleId} > ${test.fullName}${noteOf(result.note)}`);
        }
      }
      // a file that cannot be loaded, or whose hook fails, has no failed test but failed all the same
      totals.failed += failedHere === 0 && !module.ok() ? 1 : failedHere;
    }
    const skipped = totals.skipped === 0 ? '' : `, ${totals.skipped} skipped`;
    const lines = [...reasons, `${totals.passed} passed, ${totals.failed} failed${skipped}`];
    // written last of all, after what other reporters and the runner itself have to say
    process.once('exit', () => writeSync(STDOUT, `${lines.join('\n')}\n`));
  }
}

function noteOf(note: string | undefined): string {
  return note === undefined ? '' : `: ${note}`;
}
