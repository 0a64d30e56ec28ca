/** Where pumped messages go. */
export interface Outlet<T> {
  /** Takes a message; `false` means: wait for {@link drained} before the next. */
  send(message: T): boolean;
  /** Resolves when there is room; rejects when no more messages can be taken. */
  drained(): Promise<void>;
}

/** How long messages may pass without waiting for anything before the event loop gets a turn, in ms. */
const TURN_EVERY_MS = 5;

/**
 * Moves messages one at a time: the next is asked for only when the outlet has room.
 *
 * The iterator is returned when the outlet fails, so that a generator's `finally` runs. As in a loop, the outlet's error is
 * the one that counts. A source that computes and never waits would keep the event loop from turning, and no cancel would
 * be heard: from time to time it gets a turn.
 */
export async function pump<T>(iterator: AsyncIterator<T>, outlet: Outlet<T>): Promise<void> {
  let turnedAt = Date.now();
  for (;;) {
    const step = await iterator.next();
    if (step.done) return;
    try {
      if (!outlet.send(step.value)) await outlet.drained();
      if (Date.now() - turnedAt >= TURN_EVERY_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        turnedAt = Date.now();
      }
    } catch (error) {
      await returnQuietly(iterator);
      throw error;
    }
  }
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Symbol.asyncIterator in value &&
    typeof value[Symbol.asyncIterator] === 'function'
  );
}

/** Returns an iterator whose consumer has failed: its `finally` runs, and what that throws comes second. */
export async function returnQuietly(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // there is an error already
  }
}
