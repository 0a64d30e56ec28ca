/** A call as the end of serving sees it. */
export interface LiveCall {
  /** `/pkg.Service/Method`, for the log. */
  readonly path: string;
  /** Ends it as UNAVAILABLE and aborts its signal, unless it has ended. */
  endForShutdown(): void;
}

/** The calls of one server that are not over, on the wire or in their handlers. */
export class CallRegistry {
  readonly #calls = new Set<LiveCall>();
  #whenEmpty: (() => void)[] = [];

  get size(): number {
    return this.#calls.size;
  }

  enter(call: LiveCall): void {
    this.#calls.add(call);
  }

  leave(call: LiveCall): void {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Resolves once there is no call. */
  empty(): Promise<void> {
    return this.#calls.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  endAll(): void {
    for (const call of [...this.#calls]) call.endForShutdown();
  }

  /** How many calls there are of each method. */
  countByPath(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { path } of this.#calls) counts.set(path, (counts.get(path) ?? 0) + 1);
    return counts;
  }
}
