import { Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DeclarationError, GrpcServer, GrpcServerModule, Servicer, Unary, UsageError } from 'nestjs-servicer';
import { describe, expect, it } from 'vitest';
import { Odd } from './gen/kinds_pb.js';
import { refusalOf, Serves } from './support/refusal.js';
import { startTestServer } from './support/test-server.js';
import { TestLogger } from './support/test-logger.js';

/** A servicer without a problem, to stand beside one with. */
@Servicer(Odd, { partial: true })
class OddServicer {
  @Unary()
  name() {
    return {};
  }
}

describe('a hybrid application', () => {
  it('with a mistake is refused before it listens to anything', async () => {
    @Serves(Odd)
    class Incomplete {
      @Unary() name(): void {}
    }

    @Module({ imports: [GrpcServerModule.forRoot({ listen: '127.0.0.1:0' })], controllers: [Incomplete] })
    class HybridModule {}

    const app = await NestFactory.create(HybridModule, { logger: new TestLogger(), abortOnError: false });
    const server = GrpcServer.connect(app);
    const refusal = await refusalOf(app.startAllMicroservices());
    await app.close();

    expect(refusal).toBeInstanceOf(DeclarationError);
    expect(refusal.message).toContain('Incomplete: servicer.test.v1.Odd.Then has no handler; add @Unary() then$(…)');
    expect(server.ports).toEqual([]);
  });
});

describe('GrpcServerModule', () => {
  async function boot(...imports: object[]): Promise<INestMicroservice> {
    @Module({ imports: imports as never[], controllers: [OddServicer] })
    class AppModule {}

    const strategy = { ...GrpcServer.strategy(), logger: new TestLogger(), abortOnError: false };
    const app = await NestFactory.createMicroservice(AppModule, strategy);
    try {
      await app.listen();
    } catch (error) {
      await app.close();
      throw error;
    }
    return app;
  }

  async function refusalOfModules(...imports: object[]): Promise<Error> {
    return await refusalOf(boot(...imports));
  }

  it('that nobody imports: the error has the line to add', async () => {
    const refusal = await refusalOfModules();
    expect(refusal).toBeInstanceOf(UsageError);
    expect(refusal.message).toContain("imports: [GrpcServerModule.forRoot({ listen: 'localhost:50051' })]");
  });

  it('that is missing from a hybrid application', async () => {
    @Module({ controllers: [OddServicer] })
    class AppModule {}

    const app = await NestFactory.create(AppModule, { logger: new TestLogger(), abortOnError: false });
    try {
      expect(() => GrpcServer.connect(app)).toThrow(
        "imports: [GrpcServerModule.forRoot({ listen: 'localhost:50051' })]",
      );
    } finally {
      await app.close();
    }
  });

  it.each<[what: string, imported: () => object]>([
    ['without forRoot', () => GrpcServerModule],
    [
      'by a factory that returns nothing',
      () => GrpcServerModule.forRootAsync({ useFactory: () => undefined as never }),
    ],
  ])('that is imported %s', async (_what, imported) => {
    expect((await refusalOfModules(imported())).message).toContain(
      "GrpcServerModule: is imported without options; write GrpcServerModule.forRoot({ listen: 'localhost:50051' })",
    );
  });

  it('that is imported twice: one server would never listen', async () => {
    const one = GrpcServerModule.forRoot({ listen: '127.0.0.1:0' });
    const other = GrpcServerModule.forRoot({ listen: ['127.0.0.1:1', { address: '[::1]:1' }] });

    @Module({ imports: [other] })
    class FeatureModule {}

    const { message } = await refusalOfModules(one, FeatureModule);
    expect(message).toContain(
      'GrpcServerModule: is imported 2 times (listen: 127.0.0.1:0 and 127.0.0.1:1, [::1]:1); import it once, in the root module: it is global',
    );
  });

  it('that two modules import as one and the same is fine', async () => {
    const shared = GrpcServerModule.forRoot({ listen: '127.0.0.1:0' });

    @Module({ imports: [shared] })
    class FeatureModule {}

    const app = await boot(shared, FeatureModule);
    expect(app.get(GrpcServer).state).toBe('serving');
    await app.close();
  });

  it('with every option that there is', async () => {
    await using test = await startTestServer({
      controllers: [OddServicer],
      options: {
        insecure: true,
        autoStart: true,
        maximumConcurrentRpcs: 1,
        maxWorkers: 1,
        maxQueuedRpcs: 0,
        exposeErrors: false,
        maxReceiveMessageBytes: -1,
        maxSendMessageBytes: 0,
        keepalive: { timeMs: 1_000, timeoutMs: 1_000 },
        connection: { maxAgeMs: 60_000, maxAgeGraceMs: 1_000, maxIdleMs: 60_000, maxConcurrentStreams: 1 },
        shutdown: { graceMs: 0, handlerGraceMs: 0, signals: ['SIGUSR2'], drainDelayMs: 0 },
      },
    });
    expect(test.server.state).toBe('serving');
  });
});
