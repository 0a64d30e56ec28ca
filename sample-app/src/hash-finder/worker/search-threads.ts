import type { OnModuleDestroy } from '@nestjs/common';
import { Piscina } from 'piscina';
import type { Ending } from '../search/find-matches.js';
import type { SearchJob } from './search-worker.js';

/** From here the path is the same in `src/` and in `dist/`: a thread runs compiled code, also in tests of the sources. */
const WORKER = new URL('../../../dist/hash-finder/worker/search-worker.js', import.meta.url);

const IDLE_TIMEOUT_MS = 60_000;

/** The threads that hash. One is there from the start, the others come with the load and leave when idle. */
export class SearchThreads extends Piscina<SearchJob, Ending> implements OnModuleDestroy {
  /** @param threads at most; as many searches run at once */
  constructor(threads: number) {
    super({
      filename: WORKER.href,
      name: 'search',
      minThreads: 1,
      maxThreads: threads,
      idleTimeout: IDLE_TIMEOUT_MS,
      // otherwise an idle thread sleeps outside its event loop, and the port of its last job does not close
      atomics: 'disabled',
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.destroy();
  }
}
