/** Thrown at the line that uses the framework in a way that cannot work; the message says what to do instead. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
