import { Module, type DynamicModule } from '@nestjs/common';
import { GrpcServerModule } from 'nestjs-servicer';
import type { Flags } from './command-line.js';
import { GreeterModule } from './greeter/greeter.module.js';
import { HashFinderModule } from './hash-finder/hash-finder.module.js';

/** How long calls in flight may go on once the server is told to end. */
const GRACE_MS = 5_000;

@Module({})
export class AppModule {
  static forRoot({ port, maximumHashes, maximumConcurrentRpcs }: Flags): DynamicModule {
    return {
      module: AppModule,
      imports: [
        GrpcServerModule.forRoot({
          listen: `localhost:${port}`,
          maximumConcurrentRpcs,
          shutdown: { signals: ['SIGTERM', 'SIGINT'], graceMs: GRACE_MS },
        }),
        // a thread for every slot: a search never waits for another
        HashFinderModule.forRoot({ maximumHashes, threads: maximumConcurrentRpcs }),
        GreeterModule,
      ],
    };
  }
}
