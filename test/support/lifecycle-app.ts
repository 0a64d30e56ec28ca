import { Global, Inject, Injectable, Module, type Type } from '@nestjs/common';
import {
  BidiStream,
  GrpcServer,
  GrpcServerModule,
  Servicer,
  ServicerContext,
  Unary,
  type GrpcServerOptions,
} from 'nestjs-servicer';
import { Kinds, type Item } from '../gen/kinds_pb.js';
import { deferred } from './deferred.js';

/** Writes down what happens. */
export type Say = (line: string) => void;

/** The names of the hooks of Nest, in the order in which an application runs them. */
const HOOKS = [
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
] as const;

/** What a provider says of every hook of Nest. Each takes its time, as a connection to a database does. */
function resource(name: string, say: Say): Type {
  @Injectable()
  class Resource {}
  for (const hook of HOOKS) {
    Object.defineProperty(Resource.prototype, hook, {
      value: async () => {
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        say(`${name} ${hook}`);
      },
    });
  }
  return Resource;
}

/**
 * An application whose root module, feature module and global module have a resource each, and whose servicer uses them: a
 * unary call lasts until a message of a stream lets it go, and another message ends the grace period.
 */
export function lifecycleApplication(say: Say, options: Partial<GrpcServerOptions> = {}): Type {
  const released = deferred();
  const [Db, Feature, Pool] = [resource('root', say), resource('feature', say), resource('global', say)];

  @Servicer(Kinds, { partial: true })
  class HoldingServicer {
    constructor(
      @Inject(Db) readonly db: object,
      private readonly server: GrpcServer,
    ) {}

    @Unary()
    async unary({ text }: Item) {
      say(`${text} starts`);
      if (text === 'held') await released.promise;
      say(`${text} ends`);
      return { text };
    }

    @BidiStream()
    async *chat(requests: AsyncIterable<Item>, context: ServicerContext) {
      context.addCallback(() => say('stream ends'));
      for await (const { text } of requests) {
        if (text === 'release') released.resolve();
        if (text === 'stop now') void this.server.stop(null);
        yield { text };
      }
    }
  }

  @Global()
  @Module({ providers: [Pool], exports: [Pool] })
  class PoolModule {}

  @Module({ providers: [Feature] })
  class FeatureModule {}

  @Module({
    imports: [PoolModule, FeatureModule, GrpcServerModule.forRoot({ listen: '127.0.0.1:0', ...options })],
    controllers: [HoldingServicer],
    providers: [Db],
  })
  class App {}
  return App;
}
