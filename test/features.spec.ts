import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  GrpcServer,
  StatusCode,
  UsageError,
  type FeatureServicer,
  type ServerFeature,
  type ServicerContext,
} from 'nestjs-servicer';
import { Health, HealthCheckResponse_ServingStatus as Serving, type HealthCheckResponse } from 'nestjs-servicer/protos';
import { describe, expect, it } from 'vitest';
import { deferred, until, within, type Deferred } from './support/deferred.js';
import { FakeClock } from './support/fake-clock.js';
import { kindsServicer } from './support/kinds-servicer.js';
import type { RawKinds } from './support/raw-kinds.js';
import { startTestServer } from './support/test-server.js';
import { Kinds } from './gen/kinds_pb.js';

/** Health as small as it can be: one status for all services. */
class SmallHealth implements ServerFeature {
  readonly name = 'SmallHealth';
  readonly told: string[] = [];
  /** What the end of serving has to wait for. */
  readonly drained: Deferred = deferred();
  #status = Serving.NOT_SERVING;
  #changed: Deferred = deferred();

  servicers(): readonly FeatureServicer[] {
    const check = (): { status: Serving } => ({ status: this.#status });
    const watch = (_request: unknown, context: ServicerContext) => this.#watch(context);
    return [
      { schema: Health, handlers: { check, watch, list: () => ({ statuses: { '': { status: this.#status } } }) } },
    ];
  }

  onServing(): void {
    this.#turn('onServing', Serving.SERVING);
  }

  onDraining(): Promise<void> {
    this.#turn('onDraining', Serving.NOT_SERVING);
    return this.drained.promise;
  }

  onTerminated(): void {
    this.told.push('onTerminated');
  }

  #turn(hook: string, status: Serving): void {
    this.told.push(hook);
    this.#status = status;
    this.#changed.resolve();
    this.#changed = deferred();
  }

  async *#watch(context: ServicerContext): AsyncGenerator<{ status: Serving }> {
    const aborted = new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    while (context.isActive()) {
      const changed = this.#changed.promise;
      yield { status: this.#status };
      await Promise.race([changed, aborted]);
    }
  }
}

/** Calls Health, the way a client does that only knows the protocol. */
class HealthClient {
  constructor(private readonly kinds: RawKinds) {}

  async check(): Promise<Serving | undefined> {
    const { check } = Health.method;
    return new Promise((resolve, reject) => {
      this.kinds.channel.makeUnaryRequest('/grpc.health.v1.Health/Check', bytes, read, {}, (error, response) => {
        if (error === null) resolve(response?.status);
        else reject(error);
      });
    });

    function bytes(): Buffer {
      return Buffer.from(toBinary(check.input, create(check.input, {})));
    }
  }

  /** Every status that is told, as it comes. */
  watch(): Serving[] {
    const told: Serving[] = [];
    const none = (): Buffer => Buffer.alloc(0);
    const call = this.kinds.channel.makeServerStreamRequest('/grpc.health.v1.Health/Watch', none, read, {});
    call.on('error', () => undefined).on('data', ({ status }: HealthCheckResponse) => told.push(status));
    return told;
  }
}

function read(response: Buffer): HealthCheckResponse {
  return fromBinary(Health.method.check.output, response);
}

const controllers = [kindsServicer({ unary: () => ({}) })];

function withFeature(...features: ServerFeature[]) {
  return {
    controllers,
    prepare: (app: { get: (token: typeof GrpcServer) => GrpcServer }) =>
      features.forEach((feature) => app.get(GrpcServer).use(feature)),
  };
}

describe('a feature', () => {
  it('serves its own service beside the application’s', async () => {
    const health = new SmallHealth();
    health.drained.resolve();
    await using test = await startTestServer(withFeature(health));

    expect(await within(new HealthClient(test.client).check(), 'a check')).toBe(Serving.SERVING);
    expect(await within(test.client.unary().ended, 'a call')).toMatchObject({ code: StatusCode.OK });
    expect(test.logger.messages('log')).toContain('Mapped {/grpc.health.v1.Health/Watch, serverStream} to SmallHealth');
  });

  it('is called straight: what guards the application does not stand before it', async () => {
    const health = new SmallHealth();
    health.drained.resolve();
    const { prepare, ...application } = withFeature(health);
    await using test = await startTestServer({
      ...application,
      prepare: (app) => {
        prepare(app);
        app.useGlobalGuards({ canActivate: () => false });
      },
    });

    expect(await within(new HealthClient(test.client).check(), 'a check')).toBe(Serving.SERVING);
    expect(await within(test.client.unary().ended, 'a call')).toMatchObject({ code: StatusCode.PERMISSION_DENIED });
  });

  it('hears of the end before new calls are refused, and is waited for', async () => {
    const health = new SmallHealth();
    await using test = await startTestServer(withFeature(health));
    const told = new HealthClient(test.client).watch();
    await until(() => told.length === 1, 'the first status');
    const stopped = test.server.stop(60_000);
    await until(() => told.length === 2, 'the second status');
    expect(told).toEqual([Serving.SERVING, Serving.NOT_SERVING]);
    expect(await within(new HealthClient(test.connect()).check(), 'a check meanwhile')).toBe(Serving.NOT_SERVING);
    expect(test.server.state).toBe('draining');

    health.drained.resolve();
    const codes: number[] = [];
    // one or two may still come in time
    while (codes.length < 100 && !codes.includes(StatusCode.UNAVAILABLE)) {
      codes.push((await within(test.connect().unary().ended, 'a call')).code);
    }
    expect(codes).toContain(StatusCode.UNAVAILABLE);
    expect(test.server.state).toBe('draining');
    await within(test.server.stop(null), 'the end of the server');
    await stopped;
    expect(told).toHaveLength(2);
  });

  it('is waited for no longer than the grace period', async () => {
    const [health, clock] = [new SmallHealth(), new FakeClock()];
    await using test = await startTestServer({ ...withFeature(health), clock });
    const stopped = test.server.stop(5_000);
    await clock.advance(4_999);
    expect(test.server.state).toBe('draining');
    await clock.advance(1);

    await within(stopped, 'the end of the server');
    expect(health.told).toEqual(['onServing', 'onDraining', 'onTerminated']);
  });

  it('hears of everything once, in order with the server’s states', async () => {
    const [health, order] = [new SmallHealth(), [] as string[]];
    health.drained.resolve();
    health.told.push = (hook) => order.push(hook);
    const { prepare, ...application } = withFeature(health);
    await using test = await startTestServer({
      ...application,
      prepare: (app) => {
        prepare(app);
        for (const state of ['serving', 'draining', 'closing', 'terminated'] as const)
          app.on(state, () => order.push(state));
      },
    });
    await Promise.all([test.server.stop(null), test.app.close()]);
    await test.server.stop();

    expect(order).toEqual(['serving', 'onServing', 'draining', 'onDraining', 'closing', 'terminated', 'onTerminated']);
  });

  it('whose hooks throw is logged with its name, and stops nothing', async () => {
    const told: string[] = [];
    const throwing = (hook: string) => () => {
      told.push(hook);
      throw new Error(`no ${hook}`);
    };
    const faulty: ServerFeature = {
      name: 'Faulty',
      onServing: throwing('onServing'),
      onDraining: async () => throwing('onDraining')(),
      onTerminated: throwing('onTerminated'),
    };
    const health = new SmallHealth();
    health.drained.resolve();
    await using test = await startTestServer(withFeature(faulty, health));
    expect(await within(new HealthClient(test.client).check(), 'a check')).toBe(Serving.SERVING);
    await within(test.server.stop(null), 'the end of the server');

    expect(told).toEqual(['onServing', 'onDraining', 'onTerminated']);
    expect(health.told).toEqual(told);
    expect(test.logger.messages('error')).toEqual(told.map((hook) => `Faulty.${hook}() failed: no ${hook}`));
  });

  it('that comes too late is refused', async () => {
    await using test = await startTestServer({ controllers });

    expect(() => test.server.use({ name: 'Late' })).toThrow(
      new UsageError('The feature Late comes too late: add it before app.listen()'),
    );
  });

  it.each<[what: string, features: ServerFeature[], problem: string]>([
    [
      'that leaves out an rpc',
      [{ name: 'Half', servicers: () => [{ schema: Health, handlers: { check: () => ({}), watch: () => [] } }] }],
      'feature Half: grpc.health.v1.Health.List has no handler; add handlers.list',
    ],
    [
      'that another one is',
      [new SmallHealth(), new SmallHealth()],
      'feature SmallHealth: grpc.health.v1.Health.Check is served already; remove the other servicer or the feature',
    ],
    [
      'that the application is',
      [
        {
          name: 'Twin',
          servicers: () => [{ schema: Kinds, handlers: { unary: ok, serve: ok, collect: ok, chat: ok } }],
        },
      ],
      'feature Twin: servicer.test.v1.Kinds.Unary is served already; remove the other servicer or the feature',
    ],
  ])('%s is refused at boot', async (_what, features, problem) => {
    await expect(startTestServer(withFeature(...features))).rejects.toThrow(problem);
  });
});

function ok(): object {
  return {};
}
