import { deferred, type Deferred } from './deferred.js';

/** A call as the end of serving sees it. */
export interface LiveCall {
  /** `/pkg.Service/Method`, for the log. */
  readonly path: string;
  /** Ends it as UNAVAILABLE and aborts its signal, unless it has ended. */
  endForShutdown(): void;
}

/** Calls, and who waits until there is none. */
class CallSet {
  readonly #calls = new Set<LiveCall>();
  #empty: Deferred | undefined = undefined;

  get calls(): ReadonlySet<LiveCall> {
    return this.#calls;
  }

  add(call: LiveCall): void {
    this.#calls.add(call);
  }

  delete(call: LiveCall): void {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    this.#empty?.resolve();
    this.#empty = undefined;
  }

  empty(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    this.#empty ??= deferred();
    return this.#empty.promise;
  }
}

/**
 * The calls of one server that are not over. A call is over when its handler has settled and nothing of it is left on the
 * wire; the two are counted apart, since a client that does not read holds up the wire and no handler.
 */
export class CallRegistry {
  readonly #live = new CallSet();
  readonly #running = new CallSet();

  get size(): number {
    return this.#live.calls.size;
  }

  /** It has come in, and has no handler yet. */
  arrive(call: LiveCall): void {
    this.#live.add(call);
  }

  enter(call: LiveCall): void {
    this.#live.add(call);
    this.#running.add(call);
  }

  /** Its handler is done. */
  settled(call: LiveCall): void {
    this.#running.delete(call);
  }

  /** Nothing is left of it. */
  leave(call: LiveCall): void {
    this.#running.delete(call);
    this.#live.delete(call);
  }

  /** Resolves once there is no call. */
  empty(): Promise<void> {
    return this.#live.empty();
  }

  /** Resolves once there is no handler that has not settled. */
  allSettled(): Promise<void> {
    return this.#running.empty();
  }

  endAll(): void {
    for (const call of [...this.#live.calls]) call.endForShutdown();
  }

  /** How many handlers of each method have not settled. */
  runningByPath(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { path } of this.#running.calls) counts.set(path, (counts.get(path) ?? 0) + 1);
    return counts;
  }
}
