import { textOf } from '../status/text-of.js';

/** What `awaitTermination` rejects with when serving ended although nobody had asked for it; `cause` is why. */
export class ServerCrashedError extends Error {
  override readonly name = 'ServerCrashedError';

  constructor(cause: unknown) {
    super(`The server has crashed: ${textOf(cause)}`, { cause });
  }
}
