/**
 * What the process is told of while some work runs, where a test provokes it on purpose: whoever listens otherwise, as the
 * test runner does, hears nothing of it.
 */
export async function processEvents(
  event: 'unhandledRejection' | 'warning',
  work: () => Promise<void>,
): Promise<unknown[]> {
  const emitter: NodeJS.EventEmitter = process;
  const others = emitter.rawListeners(event) as ((value: unknown) => void)[];
  const seen: unknown[] = [];
  emitter.removeAllListeners(event);
  emitter.on(event, (value: unknown) => seen.push(value));
  try {
    await work();
  } finally {
    emitter.removeAllListeners(event);
    for (const other of others) emitter.on(event, other);
  }
  return seen;
}
