import type { Clock } from '../call/clock.js';

/**
 * One Ctrl-C comes twice where a terminal sends it to the whole process group and npm hands its own on, well under a
 * millisecond apart. The same signal again within this time, in ms, is still the first; nobody presses twice so fast.
 */
export const SAME_SIGNAL_MS = 200;

/** Listens to the process' signals: the first asks to stop, every later one to stop now. */
export class ShutdownSignals {
  readonly #signals: ReadonlySet<NodeJS.Signals>;
  #received: { readonly signal: NodeJS.Signals; readonly at: number } | undefined = undefined;

  constructor(
    signals: Iterable<NodeJS.Signals>,
    private readonly first: (signal: NodeJS.Signals) => void,
    private readonly again: (signal: NodeJS.Signals) => void,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    // one that is named twice would be its own second signal
    this.#signals = new Set(signals);
  }

  install(): void {
    for (const signal of this.#signals) process.on(signal, this.#onSignal);
  }

  remove(): void {
    for (const signal of this.#signals) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const at = this.clock.now();
    if (this.#received === undefined) {
      this.#received = { signal, at };
      this.first(signal);
    } else if (signal !== this.#received.signal || at - this.#received.at > SAME_SIGNAL_MS) {
      this.again(signal);
    }
  };
}
