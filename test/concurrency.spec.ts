import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { StatusCode, type ServicerContext } from 'nestjs-servicer';
import { deferred, until, within, type Deferred } from './support/deferred.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { PIPELINES } from './support/pipelines.js';
import { RawHttp2 } from './support/raw-http2.js';
import { startTestServer } from './support/test-server.js';

const REFUSED = { code: StatusCode.RESOURCE_EXHAUSTED, details: 'Concurrent RPC limit exceeded!' };

/** Handlers that settle when the test says so, in the order in which they started. */
class Gate {
  readonly started: { readonly text: string; readonly context: ServicerContext; readonly release: Deferred }[] = [];

  async unary(request: { readonly text: string }, context: ServicerContext): Promise<{ text: string }> {
    const release = deferred();
    this.started.push({ text: request.text, context, release });
    await release.promise;
    return { text: request.text };
  }

  get texts(): string[] {
    return this.started.map(({ text }) => text);
  }

  releaseAll(): void {
    for (const { release } of this.started) release.resolve();
  }
}

describe.each(PIPELINES)('W33 maximumConcurrentRpcs, $pipeline', ({ interceptors }) => {
  it('refuses more calls, and takes them again when there is room', async () => {
    const gate = new Gate();
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: (request, context) => gate.unary(request, context) }, { interceptors })],
      options: { maximumConcurrentRpcs: 2 },
    });
    const inside = ['a', 'b'].map((text) => test.client.unary({ text }).ended);
    await until(() => gate.started.length === 2, 'two calls');
    // a refused call gives back no slot that it never had
    for (let n = 0; n < 5; n++) expect(await test.client.unary().ended).toMatchObject(REFUSED);
    expect(gate.texts).toEqual(['a', 'b']);
    gate.releaseAll();
    for (const ended of inside) expect(await ended).toMatchObject({ code: StatusCode.OK });

    const again = ['c', 'd'].map((text) => test.client.unary({ text }).ended);
    await until(() => gate.started.length === 4, 'two more calls');
    expect(await test.client.unary().ended).toMatchObject(REFUSED);
    gate.releaseAll();
    for (const ended of again) expect(await ended).toMatchObject({ code: StatusCode.OK });
  });

  it('a slot is held until the handler has settled, though its call has long ended', async () => {
    const gate = new Gate();
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          { unary: (request, context) => gate.unary(request, context), async *serve() {} },
          { interceptors },
        ),
      ],
      options: { maximumConcurrentRpcs: 1 },
    });
    const { call } = test.client.unary({ text: 'a' });
    await until(() => gate.started.length === 1, 'the call');
    call.cancel();
    await until(() => !gate.started[0]!.context.isActive(), 'the end of the call');
    expect(await test.client.serve().ended).toMatchObject(REFUSED);
    gate.releaseAll();
    expect(await unlessRefused(() => test.client.serve().ended)).toMatchObject({ code: StatusCode.OK });
  });

  it('a slot of a stream is held until its generator has ended', async () => {
    const entered = deferred<ServicerContext>();
    const release = deferred();
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async *serve(_request, context) {
              entered.resolve(context);
              await release.promise;
              yield {};
            },
            unary: async () => ({}),
          },
          { interceptors },
        ),
      ],
      options: { maximumConcurrentRpcs: 1 },
    });
    const { call } = test.client.serve();
    const context = await within(entered.promise, 'the stream');
    call.cancel();
    await until(() => !context.isActive(), 'the end of the call');
    expect(await test.client.unary().ended).toMatchObject(REFUSED);
    release.resolve();
    expect(await unlessRefused(() => test.client.unary().ended)).toMatchObject({ code: StatusCode.OK });
  });

  it('an unknown method is UNIMPLEMENTED all the same', async () => {
    const gate = new Gate();
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: (request, context) => gate.unary(request, context) }, { interceptors })],
      options: { maximumConcurrentRpcs: 1 },
    });
    const { ended } = test.client.unary();
    await until(() => gate.started.length === 1, 'the call');
    using client = await RawHttp2.connect(test.address);
    const unknown = client.open('unary', { ':path': '/servicer.test.v1.Kinds/Nothing' }).end().read();
    expect(await unknown.ended).toMatchObject({ code: StatusCode.UNIMPLEMENTED });
    gate.releaseAll();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
  });
});

describe('S1-10 maxWorkers', () => {
  it('queues: more calls wait their turn, in order', async () => {
    const gate = new Gate();
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: (request, context) => gate.unary(request, context) })],
      options: { maxWorkers: 2 },
    });
    using client = await RawHttp2.connect(test.address);
    const calls = ['a', 'b', 'c', 'd'].map((text) => client.open('unary').send({ text }).end().read());
    await until(() => gate.started.length === 2, 'two handlers');
    // whatever else came on this connection has been seen by now
    await new Promise((resolve) => client.session.ping(resolve));
    expect(gate.texts).toEqual(['a', 'b']);
    gate.started[1]!.release.resolve();
    await until(() => gate.started.length === 3, 'the third handler');
    expect(gate.texts).toEqual(['a', 'b', 'c']);
    gate.releaseAll();
    await until(() => gate.started.length === 4, 'the fourth handler');
    gate.releaseAll();
    for (const call of calls) expect(await within(call.ended, 'every call')).toMatchObject({ code: StatusCode.OK });
  });

  it('a call that ends while it waits gives up its place: its handler never runs', async () => {
    const gate = new Gate();
    const cancelled: ServicerContext[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          unary: (request, context) => gate.unary(request, context),
          onCancel: (context) => void cancelled.push(context),
        }),
      ],
      options: { maxWorkers: 1, maximumConcurrentRpcs: 2 },
    });
    using client = await RawHttp2.connect(test.address);
    const first = client.open('unary').send({ text: 'first' }).end().read();
    await until(() => gate.started.length === 1, 'the first handler');
    const leaver = client.open('unary').send({ text: 'leaver' }).end();
    const third = client.open('unary').send({ text: 'third' }).end().read();
    expect(await within(third.ended, 'the refusal')).toMatchObject(REFUSED);
    leaver.cancel();
    await until(() => cancelled.length === 1, 'the end of the waiting call');
    const last = client.open('unary').send({ text: 'last' }).end().read();
    gate.releaseAll();
    await until(() => gate.started.length === 2, 'the last handler');
    gate.releaseAll();
    expect(await within(first.ended, 'the first call')).toMatchObject({ code: StatusCode.OK });
    expect(await within(last.ended, 'the last call')).toMatchObject({ code: StatusCode.OK });
    expect(gate.texts).toEqual(['first', 'last']);
    await within(test.server.stop(60_000), 'the end of the server');
  });

  it('refuses with RESOURCE_EXHAUSTED when maxQueuedRpcs wait', async () => {
    const gate = new Gate();
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: (request, context) => gate.unary(request, context) })],
      options: { maxWorkers: 1, maxQueuedRpcs: 1 },
    });
    using client = await RawHttp2.connect(test.address);
    const [running, waiting, refused] = ['a', 'b', 'c'].map((text) => client.open('unary').send({ text }).end().read());
    expect(await within(refused!.ended, 'the refusal')).toMatchObject({
      code: StatusCode.RESOURCE_EXHAUSTED,
      details: 'Too many calls are waiting for a worker',
    });
    gate.releaseAll();
    await until(() => gate.started.length === 2, 'the waiting call');
    gate.releaseAll();
    expect(await within(running!.ended, 'the running call')).toMatchObject({ code: StatusCode.OK });
    expect(await within(waiting!.ended, 'the waiting call')).toMatchObject({ code: StatusCode.OK });
  });

  it('a call that waited does not run in the async context of the one before', async () => {
    const tenant = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const gate = new Gate();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          unary(request, context) {
            seen.push(tenant.getStore());
            return gate.unary(request, context);
          },
        }),
      ],
      options: { maxWorkers: 1 },
      prepare: (app) =>
        app.useGlobalGuards({
          canActivate(host) {
            const { text } = host.switchToRpc().getData<{ text: string }>();
            if (text !== '') tenant.enterWith(text);
            return true;
          },
        }),
    });
    using client = await RawHttp2.connect(test.address);
    const calls = ['of a tenant', ''].map((text) => client.open('unary').send({ text }).end().read());
    await until(() => gate.started.length === 1, 'the first handler');
    gate.releaseAll();
    await until(() => gate.started.length === 2, 'the second handler');
    gate.releaseAll();
    for (const call of calls) await within(call.ended, 'both calls');
    expect(seen).toEqual(['of a tenant', undefined]);
  });
});

/** Calls again until it is not refused; a slot is free a little after the call that had it. */
async function unlessRefused<T extends { readonly code?: number }>(call: () => Promise<T>): Promise<T> {
  const endsAt = performance.now() + 10_000;
  for (;;) {
    const ended = await call();
    if (ended.code !== StatusCode.RESOURCE_EXHAUSTED || performance.now() > endsAt) return ended;
  }
}
