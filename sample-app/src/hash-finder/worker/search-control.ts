/** Matches that may lie unread between the thread that searches and the one that reads. */
export const MAX_UNREAD_MATCHES = 16;

const STOPPED = 0;
const POSTED = 1;
const TAKEN = 2;
const WORDS = 3;

/**
 * The few numbers that both threads see at once, without a message: a thread that searches never looks into its mailbox.
 *
 * Each side makes its own over the same memory. Counts wrap around at 2³²; their difference does not mind.
 */
export class SearchControl {
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(readonly memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.#words = new Int32Array(memory);
  }

  /** Matches posted and not yet taken. */
  get unread(): number {
    return (Atomics.load(this.#words, POSTED) - Atomics.load(this.#words, TAKEN)) | 0;
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, STOPPED) !== 0;
  }

  /** The reading side: one more match was taken. */
  take(): void {
    Atomics.add(this.#words, TAKEN, 1);
    Atomics.notify(this.#words, TAKEN);
  }

  /** The reading side: no more, please. */
  stop(): void {
    Atomics.store(this.#words, STOPPED, 1);
    // the searching thread may be just about to sleep on this word: changing it keeps it awake
    this.take();
  }

  /**
   * The searching side: sleeps while as many matches as allowed are unread, then counts one more.
   *
   * @returns `false` when the search was stopped instead
   */
  post(): boolean {
    for (;;) {
      const taken = Atomics.load(this.#words, TAKEN);
      if (this.isStopped) return false;
      if (this.unread < MAX_UNREAD_MATCHES) break;
      Atomics.wait(this.#words, TAKEN, taken);
    }
    Atomics.add(this.#words, POSTED, 1);
    return true;
  }
}
