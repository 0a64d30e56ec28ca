/** A promise that a test settles itself. */
export interface Deferred<T = void> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Fails instead of hanging: the event must come, when it comes decides nothing. @param ms default 10,000 */
export async function within<T>(promise: Promise<T>, what: string, ms = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const watchdog = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`watchdog: ${what} did not happen within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, watchdog]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits, turn by turn of the event loop, until a condition holds. */
export async function until(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
  // of the clocks the one that no test fakes: with another one this would go round for ever
  const endsAt = process.hrtime.bigint() + BigInt(ms) * 1_000_000n;
  while (!condition()) {
    if (process.hrtime.bigint() > endsAt) throw new Error(`watchdog: ${what} did not hold within ${ms} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Gives what is on its way over loopback time to arrive: turns of the loop, in each of which the sockets are asked. */
export async function settle(turns = 200): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until a number stands still for some turns of the loop, and gives it. */
export async function untilStill(value: () => number): Promise<number> {
  for (;;) {
    const before = value();
    await settle(100);
    if (value() === before) return before;
  }
}
