import { Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { GrpcServer, GrpcServerModule, StatusCode, type GrpcServerOptions } from 'nestjs-servicer';
import { describe, expect, it, onTestFinished } from 'vitest';
import { settle, until, within } from './support/deferred.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { lifecycleApplication } from './support/lifecycle-app.js';
import { item, RawKinds, type RawCall } from './support/raw-kinds.js';

const RESOURCES = ['root', 'feature', 'global'];
const QUIET = { logger: false, abortOnError: false } as const;

/** How an application is put together, up to the moment when it serves. */
interface Path {
  readonly path: string;
  /** @param early called when the port is known */
  readonly boot: (App: Type, early: (server: GrpcServer) => void) => Promise<INestApplicationContext>;
}

async function bootHybrid(
  App: Type,
  early: (server: GrpcServer) => void,
  defer: boolean,
): Promise<INestApplicationContext> {
  const app = await NestFactory.create(App, QUIET);
  if (defer) app.connectMicroservice(GrpcServer.strategy(), { inheritAppConfig: true, deferInitialization: true });
  else GrpcServer.connect(app);
  await app.startAllMicroservices();
  early(app.get(GrpcServer));
  return app.init();
}

const PURE: Path = {
  path: 'a microservice',
  boot: async (App, early) => {
    const app = await NestFactory.createMicroservice(App, { ...GrpcServer.strategy(), ...QUIET });
    await app.listen();
    early(app.get(GrpcServer));
    return app;
  },
};
const HYBRID: Path = { path: 'a hybrid application', boot: (App, early) => bootHybrid(App, early, false) };
const DEFERRED: Path = {
  path: 'a hybrid application with deferInitialization',
  boot: (App, early) => bootHybrid(App, early, true),
};

function clientOf(server: GrpcServer): RawKinds {
  const client = new RawKinds(`127.0.0.1:${server.ports[0]}`);
  onTestFinished(() => client.close());
  return client;
}

/** An application of this path that serves, with a unary call and a stream under way, and all that happened in it. */
async function running({ boot }: Path, options: Partial<GrpcServerOptions> = {}) {
  const log: string[] = [];
  const app = await boot(
    lifecycleApplication((line) => log.push(line), options),
    () => undefined,
  );
  onTestFinished(() => app.close());
  const server = app.get(GrpcServer);
  for (const state of ['draining', 'closing', 'terminated'] as const) server.on(state, () => log.push(state));
  const client = clientOf(server);
  const stream = client.chat();
  const unary = client.unary({ text: 'held' });
  await until(() => log.includes('held starts'), 'a unary call');
  log.length = 0;
  return { app, server, log, stream, unary };
}

describe.each([PURE, HYBRID, DEFERRED])('closing $path', (path) => {
  it('C-9 lets calls end and ends the rest, before any provider is destroyed; every hook runs once', async () => {
    const { app, server, log, stream, unary } = await running(path);
    const closed = app.close();
    await until(() => server.state === 'draining', 'draining');
    stream.call.write(item({ text: 'release' }));
    expect(await within(unary.ended, 'the unary call')).toMatchObject({ code: StatusCode.OK });
    expect(log).toEqual(['draining', 'held ends']);
    void server.stop(null);

    expect(await within(stream.ended, 'the stream')).toMatchObject({ code: StatusCode.UNAVAILABLE });
    await within(closed, 'closing');
    expect(log).toEqual([
      ...['draining', 'held ends', 'closing', 'stream ends', 'terminated'],
      ...['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown'].flatMap((hook) =>
        RESOURCES.map((name) => `${name} ${hook}`),
      ),
    ]);
  });

  it('twice at once, beside a stop, is one end; once more does nothing to the server', async () => {
    const { app, server, log, stream, unary } = await running(path, { shutdown: { graceMs: 0 } });
    stream.call.write(item({ text: 'release' }));
    await within(unary.ended, 'the unary call');
    await within(Promise.all([app.close(), server.stop(null), app.close()]), 'closing');
    await within(app.close(), 'closing once more');

    expect(log.filter((line) => line === 'terminated')).toHaveLength(1);
    // Nest 11 runs its hooks for each of them
    for (const name of RESOURCES) {
      expect(log.indexOf(`${name} onModuleDestroy`)).toBeGreaterThan(log.indexOf('terminated'));
    }
  });
});

describe.each([HYBRID, DEFERRED])('C-8 booting $path', (path) => {
  it('knows the port at once, and answers an early call only when every provider is ready', async () => {
    const log: string[] = [];
    let call: RawCall<unknown> | undefined;
    const App = lifecycleApplication((line) => log.push(line));
    const app = await path.boot(App, (server) => {
      expect(server.ports).toEqual([expect.any(Number)]);
      call = clientOf(server).unary({ text: 'early' });
    });
    onTestFinished(() => app.close());

    expect(await within(call!.ended, 'the early call')).toMatchObject({ code: StatusCode.OK });
    const ready = log.indexOf('early starts');
    for (const name of RESOURCES) {
      expect(log.indexOf(`${name} onModuleInit`)).toBeLessThan(ready);
      expect(log).toContain(`${name} onModuleInit`);
    }
  });
});

describe('C-8 a hybrid application', () => {
  it('puts its global guards before every call', async () => {
    @Module({
      imports: [GrpcServerModule.forRoot({ listen: '127.0.0.1:0' })],
      controllers: [kindsServicer({ unary: () => ({}) })],
      providers: [{ provide: APP_GUARD, useValue: { canActivate: () => false } }],
    })
    class App {}

    const app = await HYBRID.boot(App, () => undefined);
    onTestFinished(() => app.close());
    const { ended } = clientOf(app.get(GrpcServer)).unary();

    expect(await within(ended, 'the refusal')).toMatchObject({ code: StatusCode.PERMISSION_DENIED });
  });

  it('serves HTTP beside it', async () => {
    const app = await NestFactory.create(
      lifecycleApplication(() => undefined),
      QUIET,
    );
    onTestFinished(() => app.close());
    const server = GrpcServer.connect(app);
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');

    expect((await fetch(await app.getUrl())).status).toBe(404);
    expect(await within(clientOf(server).unary().ended, 'a call')).toMatchObject({ code: StatusCode.OK });
  });

  it('stays silent until it is initialised', async () => {
    const log: string[] = [];
    const app = await NestFactory.create(
      lifecycleApplication((line) => log.push(line)),
      QUIET,
    );
    onTestFinished(() => app.close());
    const server = GrpcServer.connect(app);
    await app.startAllMicroservices();
    clientOf(server).unary({ text: 'early' });
    await settle();

    expect([server.state, log]).toEqual(['starting', []]);
  });
});

describe('preview mode', () => {
  it.each([
    [
      'a microservice',
      (App: Type) => NestFactory.createMicroservice(App, { ...GrpcServer.strategy(), ...QUIET, preview: true }),
    ],
    [
      'a hybrid application',
      async (App: Type) => {
        const app = await NestFactory.create(App, { ...QUIET, preview: true });
        GrpcServer.connect(app);
        return app;
      },
    ],
  ])('of %s is built and closed without a crash', async (_what, build) => {
    const log: string[] = [];
    const app = await build(lifecycleApplication((line) => log.push(line)));
    await app.init();
    await app.close();

    expect(log).toEqual([]);
  });
});
