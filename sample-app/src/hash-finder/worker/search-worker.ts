// Runs in a worker thread, from the compiled file: it must not import Nest, nor anything that does.
import type { MessagePort } from 'node:worker_threads';
import { findMatches, type Ending, type Wanted } from '../search/find-matches.js';
import { SearchControl } from './search-control.js';

/** What a thread is told to do. */
export interface SearchJob {
  readonly wanted: Wanted;
  readonly maximumHashes: number;
  /** Of the {@link SearchControl}. */
  readonly memory: SharedArrayBuffer;
  /** Where matches go as they are found. It closes when the search is over, however it ended. */
  readonly port: MessagePort;
}

/** Searches without ever yielding to the thread's event loop, so it is stopped and slowed by shared memory only. */
export function search({ wanted, maximumHashes, memory, port }: SearchJob): Ending {
  const control = new SearchControl(memory);
  const matches = findMatches(wanted, maximumHashes, () => control.isStopped);
  try {
    for (;;) {
      const next = matches.next();
      if (next.done === true) return next.value;
      if (!control.post()) return 'stopped';
      port.postMessage(next.value);
    }
  } finally {
    port.close();
  }
}
