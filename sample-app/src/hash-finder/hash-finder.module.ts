import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { HashFinderServicer } from './hash-finder.servicer.js';
import { HashSearch } from './hash-search.js';
import { SearchThreads } from './worker/search-threads.js';

/** What {@link HashFinderModule} needs to know. */
export interface HashFinderOptions {
  /** How many hashes one search may try before the servicer cancels its RPC. */
  readonly maximumHashes: number;
  /** How many searches run at once, each in a thread of its own. */
  readonly threads: number;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<HashFinderOptions>()
  .setClassMethodName('forRoot')
  .build();

@Module({
  controllers: [HashFinderServicer],
  providers: [
    {
      provide: SearchThreads,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ threads }: HashFinderOptions) => new SearchThreads(threads),
    },
    {
      provide: HashSearch,
      inject: [SearchThreads, MODULE_OPTIONS_TOKEN],
      useFactory: (threads: SearchThreads, options: HashFinderOptions) =>
        new HashSearch(threads, options.maximumHashes),
    },
  ],
})
export class HashFinderModule extends ConfigurableModuleClass {}
