import type { Clock, StopTimer } from '../call/clock.js';
import { deferred } from './deferred.js';

/** An instant that may be brought forward, never put off: where several ask, the shortest time wins. */
export class Expiry {
  #at = Infinity;
  #cancelled = false;
  #stopTimer: StopTimer | undefined = undefined;
  readonly #passed = deferred();

  constructor(private readonly clock: Clock) {}

  /** Resolves when the instant has come; never, once cancelled. */
  get passed(): Promise<void> {
    return this.#passed.promise;
  }

  /** Lets it come in `delayMs` ms at the latest. */
  within(delayMs: number): void {
    const at = this.clock.now() + delayMs;
    if (this.#cancelled || at >= this.#at) return;
    this.#at = at;
    this.#stopTimer?.();
    if (delayMs <= 0) this.#passed.resolve();
    else this.#stopTimer = this.clock.setTimeout(this.#passed.resolve, delayMs);
  }

  /** It matters no longer. A timer left behind would keep the process alive. */
  cancel(): void {
    this.#cancelled = true;
    this.#stopTimer?.();
  }
}
