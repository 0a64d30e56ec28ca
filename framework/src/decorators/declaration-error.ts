/** Thrown at boot, once, with every mismatch between servicers, their schemas and the module's options. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';

  /** @param problems one sentence each: where, what, and how to fix it */
  constructor(readonly problems: readonly string[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`${count} in the gRPC declarations:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}
