/** Listens to the process' signals: the first asks to stop, a second to stop now. */
export class ShutdownSignals {
  #received = 0;

  constructor(
    private readonly signals: readonly NodeJS.Signals[],
    private readonly first: (signal: NodeJS.Signals) => void,
    private readonly second: (signal: NodeJS.Signals) => void,
  ) {}

  install(): void {
    for (const signal of this.signals) process.on(signal, this.#onSignal);
  }

  remove(): void {
    for (const signal of this.signals) process.off(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#received += 1;
    if (this.#received === 1) this.first(signal);
    else this.second(signal);
  };
}
