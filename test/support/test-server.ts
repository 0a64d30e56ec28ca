import 'reflect-metadata';
import { Module, type INestMicroservice, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcServer, GrpcServerModule, type GrpcServerOptions } from 'nestjs-servicer';
import type { Clock } from '../../framework/src/call/clock.js';
import { CLOCK } from '../../framework/src/server/clock.token.js';
import { RawKinds } from './raw-kinds.js';
import { TestLogger } from './test-logger.js';

/** What a test says about the application it wants. */
export interface TestApplication {
  readonly controllers?: Type[];
  readonly providers?: ModuleMetadata['providers'];
  readonly imports?: ModuleMetadata['imports'];
  /** Beside `listen: '127.0.0.1:0'`. */
  readonly options?: Partial<GrpcServerOptions>;
  /** The server's time, for a test that moves it. */
  readonly clock?: Clock;
  /** Before it listens: global enhancers, features. */
  readonly prepare?: (app: INestMicroservice) => void;
}

/** A real application on a real socket, with a raw grpc-js client; disposes itself. */
export interface TestServer extends AsyncDisposable {
  readonly app: INestMicroservice;
  readonly server: GrpcServer;
  readonly address: string;
  readonly client: RawKinds;
  readonly logger: TestLogger;
  /** Another client with a connection of its own. */
  connect(): RawKinds;
}

export async function startTestServer({
  controllers = [],
  providers = [],
  imports = [],
  options = {},
  clock,
  prepare,
}: TestApplication): Promise<TestServer> {
  const serverModule = GrpcServerModule.forRoot({ listen: '127.0.0.1:0', ...options });
  if (clock !== undefined) serverModule.providers?.push({ provide: CLOCK, useValue: clock });

  @Module({ imports: [serverModule, ...imports], controllers, providers })
  class TestModule {}

  const logger = new TestLogger();
  const app = await NestFactory.createMicroservice(TestModule, {
    ...GrpcServer.strategy(),
    logger,
    abortOnError: false,
  });
  prepare?.(app);
  try {
    await app.listen();
  } catch (error) {
    await app.close();
    throw error;
  }
  const server = app.get(GrpcServer);
  const address = `127.0.0.1:${server.ports[0] ?? 0}`;
  const clients: RawKinds[] = [];
  const connect = (): RawKinds => {
    const client = new RawKinds(address);
    clients.push(client);
    return client;
  };
  return {
    app,
    server,
    address,
    logger,
    client: connect(),
    connect,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await server.stop(null);
      await app.close();
    },
  };
}
