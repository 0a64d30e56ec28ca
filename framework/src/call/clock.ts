/** Stops a timer; a second stop does nothing. */
export type StopTimer = () => void;

/** Time, so that tests can move it. */
export interface Clock {
  /** Ms since the epoch. */
  now(): number;
  /** Runs `callback` once after `delayMs` (any number of ms; `Infinity` is never). */
  setTimeout(callback: () => void, delayMs: number): StopTimer;
}

/** The longest delay a Node timer takes, in ms (about 24.8 days); a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. The globals are looked up at each call, so that faked ones are met. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(callback, delayMs) {
    let timer: NodeJS.Timeout | undefined;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, MAX_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs);
    };
    if (delayMs !== Infinity) arm(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
