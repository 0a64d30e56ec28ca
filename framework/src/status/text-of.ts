/** The message of anything thrown; not everything can be made a string. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return `a thrown ${typeof thrown} without text`;
  }
}

/** The stack of anything thrown, where it has one. */
export function stackOf(thrown: unknown): string | undefined {
  try {
    return thrown instanceof Error ? thrown.stack : undefined;
  } catch {
    // made when first asked for, out of a message that throws
    return undefined;
  }
}
