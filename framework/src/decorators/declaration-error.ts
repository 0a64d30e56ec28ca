/** Thrown at boot, once, with every mismatch between servicers, their schemas and the module's options. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
  /** One sentence each: where, what, and how to fix it. */
  declare readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(`${count} in the gRPC declarations:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    // the message has them all; an enumerable property would be printed beside it
    Object.defineProperty(this, 'problems', { value: problems });
  }
}
