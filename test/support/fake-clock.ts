import type { Clock, StopTimer } from '../../framework/src/call/clock.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** The server's clock, moved by the test; everybody else's time goes on. */
export class FakeClock implements Clock {
  #now = Date.now();
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): StopTimer {
    const timer: Timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get pending(): number {
    return [...this.#timers].filter(({ at }) => at !== Infinity).length;
  }

  /** Moves on, and lets what the timers set off run between one and the next. */
  async advance(ms: number): Promise<void> {
    const endsAt = this.#now + ms;
    for (let due = this.#next(endsAt); due !== undefined; due = this.#next(endsAt)) {
      this.#now = Math.max(this.#now, due.at);
      this.#timers.delete(due);
      due.callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = endsAt;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #next(endsAt: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= endsAt).sort((one, other) => one.at - other.at)[0];
  }
}
