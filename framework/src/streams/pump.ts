/** Where pumped messages go. */
export interface Outlet<T> {
  /** Takes a message; `false` means: wait for {@link drained} before the next. */
  send(message: T): boolean;
  /** Resolves when there is room; rejects when no more messages can be taken. */
  drained(): Promise<void>;
}

/**
 * Moves messages one at a time: the next is asked for only when the outlet has room.
 *
 * The iterator is returned when the outlet fails, so that a generator's `finally` runs.
 */
export async function pump<T>(iterator: AsyncIterator<T>, outlet: Outlet<T>): Promise<void> {
  for (;;) {
    const step = await iterator.next();
    if (step.done) return;
    try {
      if (!outlet.send(step.value)) await outlet.drained();
    } catch (error) {
      await iterator.return?.();
      throw error;
    }
  }
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function';
}

/** Returns an iterator whose consumer is gone: its `finally` runs, and what that throws has nobody left to go to. */
export async function returnQuietly(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // the iteration that was stopped reports its own errors
  }
}
