/** Warnings of Node itself that no change of ours can avoid: the start of the text, and why it is expected. */
const EXPECTED: readonly { readonly text: string; readonly reason: string }[] = [];

const GUARDED = Symbol.for('nestjs-servicer.test.fail-on-warnings');

function fail(warning: Error): void {
  if (EXPECTED.some(({ text }) => warning.message.startsWith(text))) return;
  // A warning belongs to no test. Thrown from here it is an uncaught error, and one of those fails the whole run.
  throw new Error(`unexpected process warning ${warning.name}: ${warning.message}`, { cause: warning });
}

// a worker may run several files, and each of them runs this one first
const guarded = process as typeof process & { [GUARDED]?: true };
if (guarded[GUARDED] === undefined) {
  guarded[GUARDED] = true;
  process.on('warning', fail);
}
