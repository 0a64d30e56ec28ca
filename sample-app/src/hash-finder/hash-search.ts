import { on } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { ResourceLimitExceeded } from './resource-limit-exceeded.js';
import type { Match, Wanted } from './search/find-matches.js';
import { SearchControl } from './worker/search-control.js';
import type { SearchThreads } from './worker/search-threads.js';

/** Searches for hashes in threads beside the event loop, which stays free to see a cancel. */
export class HashSearch {
  /** @param maximumHashes how many one search may try */
  constructor(
    private readonly threads: SearchThreads,
    private readonly maximumHashes: number,
  ) {}

  /**
   * The first match within the ideal distance; `undefined` when the signal stopped the search.
   *
   * @throws {ResourceLimitExceeded}
   */
  async find(wanted: Wanted, signal: AbortSignal): Promise<Match | undefined> {
    let last: Match | undefined;
    for await (const match of this.findRange({ ...wanted, interestingDistance: 0 }, signal)) last = match;
    return last;
  }

  /**
   * Matches as they are found, up to the first within the ideal distance; fewer when the signal stops the search.
   *
   * It searches only a few matches ahead of its reader. When it has ended, be it because its reader left, its thread is
   * free for the next.
   *
   * @throws {ResourceLimitExceeded} after the last match
   */
  async *findRange(wanted: Wanted, signal: AbortSignal): AsyncGenerator<Match, void, void> {
    if (signal.aborted) return;
    const control = new SearchControl();
    const stop = (): void => control.stop();
    const { port1: mine, port2: port } = new MessageChannel();
    // ends when either end closes
    const matches = on(mine, 'message', { close: ['close'] }) as AsyncIterable<[Match]>;
    const job = { wanted, maximumHashes: this.maximumHashes, memory: control.memory, port };
    const ending = this.threads.run(job, { transferList: [port] });
    // a search that could not begin does not close its end
    ending.catch(() => mine.close());
    signal.addEventListener('abort', stop);
    try {
      for await (const [match] of matches) {
        if (control.isStopped) return;
        control.take();
        yield match;
      }
      if ((await ending) === 'exhausted') throw new ResourceLimitExceeded(this.maximumHashes);
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      mine.close();
      await Promise.allSettled([ending]);
    }
  }
}
