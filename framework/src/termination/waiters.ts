import type { Clock, StopTimer } from '../call/clock.js';
import { MAX_TIMER_MS } from '../call/clock.js';

interface Waiter {
  readonly tell: (error: Error | undefined) => void;
}

/**
 * Those who wait for one end. Each leaves no trace when its time is up, so that a program may ask every second for a year.
 */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Keeps the process alive meanwhile: a pending promise does not do that, a timer does.
   *
   * @param timeoutMs ms; `Infinity` is for ever
   * @returns true at the end, false when the time is up first
   */
  wait(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const stopTimer = this.#timer(timeoutMs, () => {
        this.#waiting.delete(waiter);
        resolve(false);
      });
      const waiter: Waiter = {
        tell: (error) => {
          stopTimer();
          if (error === undefined) resolve(true);
          else reject(error);
        },
      };
      this.#waiting.add(waiter);
    });
  }

  /** The end has come. @param error what everybody's wait rejects with */
  tellAll(error?: Error): void {
    for (const waiter of this.#waiting) waiter.tell(error);
    this.#waiting.clear();
  }

  #timer(timeoutMs: number, expired: () => void): StopTimer {
    if (timeoutMs !== Infinity) return this.clock.setTimeout(expired, timeoutMs);
    let stopTimer: StopTimer;
    const hold = (): void => {
      stopTimer = this.clock.setTimeout(hold, MAX_TIMER_MS);
    };
    hold();
    return () => stopTimer();
  }
}
