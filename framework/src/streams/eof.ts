/** What `read()` returns once the other side has sent its last message. */
export const EOF: unique symbol = Symbol('EOF');

/** What `receive()` throws once the other side has sent its last message. */
export class EofError extends Error {
  override readonly name = 'EofError';

  constructor() {
    super('The other side has sent its last message');
  }
}
