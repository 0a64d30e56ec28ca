import { AsyncResource } from 'node:async_hooks';

/** Work that waits for a worker. */
interface Waiting<Call> {
  readonly call: Call;
  readonly start: () => void;
}

/** At most so many handlers at once; the others wait in order, up to a bound. */
export class WorkerGate<Call extends object> {
  readonly #running = new Set<Call>();
  readonly #waiting = new Map<Call, Waiting<Call>>();

  /**
   * @param maxWorkers handlers at once, ≥ 1
   * @param maxWaiting calls that may wait, ≥ 0
   */
  constructor(
    private readonly maxWorkers: number,
    private readonly maxWaiting: number,
  ) {}

  /** Starts a call's handler now or when a worker is free. @returns false when too many wait */
  enter(call: Call, start: () => void): boolean {
    if (this.#running.size < this.maxWorkers) this.#run({ call, start });
    else if (this.#waiting.size < this.maxWaiting) this.#waiting.set(call, { call, start: inOwnContext(start) });
    else return false;
    return true;
  }

  /** Takes a call out of the queue; says whether it waited there. */
  withdraw(call: Call): boolean {
    return this.#waiting.delete(call);
  }

  /** Frees the worker of a call. */
  leave(call: Call): void {
    if (!this.#running.delete(call)) return;
    const next = this.#waiting.values().next().value;
    if (next === undefined) return;
    this.#waiting.delete(next.call);
    this.#run(next);
  }

  #run({ call, start }: Waiting<Call>): void {
    this.#running.add(call);
    start();
  }
}

/** Otherwise it would run in the async context of the call that made room, with all that user code keeps there. */
function inOwnContext(start: () => void): () => void {
  const context = new AsyncResource('nestjs-servicer:waiting-call');
  return () => context.runInAsyncScope(start);
}
