import { describe, expect, it, onTestFinished } from 'vitest';
import type { INestMicroservice } from '@nestjs/common';
import { GrpcServer, StatusCode, UsageError, type ServicerContext } from 'nestjs-servicer';
import { deferred, settle, until, within } from './support/deferred.js';
import { FakeClock } from './support/fake-clock.js';
import { kindsServicer, type KindsHandlers } from './support/kinds-servicer.js';
import type { Ended, RawKinds } from './support/raw-kinds.js';
import { startRawServer } from './support/raw-server.js';
import { Seen } from './support/seen.js';
import { RawHttp2, type RawHttp2Call } from './support/raw-http2.js';
import { startTestServer } from './support/test-server.js';

const CANCELLED_ALL = { code: StatusCode.UNAVAILABLE, details: 'Cancelling all calls' };

/** One call of each kind that its servicer never ends by itself. */
const KINDS: readonly [
  kind: keyof KindsHandlers & keyof RawKinds,
  call: (client: RawKinds) => { readonly ended: Promise<Ended> },
][] = [
  ['unary', (client) => client.unary()],
  ['serve', (client) => client.serve()],
  ['collect', (client) => client.collect()],
  ['chat', (client) => client.chat()],
];

/** A servicer whose one unary call a test lets end. */
function held() {
  const [entered, release] = [deferred<ServicerContext>(), deferred()];
  const unary = async (_request: unknown, context: ServicerContext) => {
    entered.resolve(context);
    await release.promise;
    return { text: 'done' };
  };
  return { controllers: [kindsServicer({ unary })], entered: entered.promise, release: release.resolve };
}

describe('stop', () => {
  it.each(KINDS)('S2-9 T20 without grace ends a %s call as UNAVAILABLE and aborts its signal', async (kind, open) => {
    const seen = new Seen();
    const stay = (_request: unknown, context: ServicerContext) => seen.stay(context);
    await using test = await startTestServer({ controllers: [kindsServicer({ [kind]: stay })] });
    const { ended } = open(test.client);
    await within(seen.entered.promise, 'the call');
    await within(test.server.stop(null), 'the end of the server');

    expect(await within(ended, 'the status')).toMatchObject(CANCELLED_ALL);
    expect(await seen.aborted.promise).toMatchObject({ ...CANCELLED_ALL, reason: 'shutdown' });
    expect(seen.counts).toMatchObject({ aborted: 1, callback: 1, finally: 1 });
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('S2-9 T20 control: grpc-js waits for ever for an open stream, and then tells its client CANCELLED', async () => {
    const entered = deferred();
    await using raw = await startRawServer({ chat: () => entered.resolve() });
    const { ended } = raw.client.chat();
    await within(entered.promise, 'the call');
    let shutDown = false;
    raw.core.tryShutdown(() => (shutDown = true));
    // the client is asked to go, and stays: another call of its own could not get through
    await within(raw.client.unary().ended, 'refusing another call');
    expect(shutDown).toBe(false);

    raw.core.forceShutdown();
    expect(await within(ended, 'the status')).toMatchObject({ code: StatusCode.CANCELLED });
  });

  it('S2-9 lets calls under way end within the grace period, and refuses new ones meanwhile', async () => {
    const { controllers, entered, release } = held();
    await using test = await startTestServer({ controllers });
    const underWay = test.client.unary();
    const context = await within(entered, 'the call');
    const stopped = test.server.stop(60_000);
    await until(() => test.server.state === 'draining', 'draining');
    const refused = await within(test.connect().unary().ended, 'refusing a new connection');
    const refusedToo = await within(test.client.unary().ended, 'refusing a call of a client that is connected');
    expect([refused.code, refusedToo.code]).toEqual([StatusCode.UNAVAILABLE, StatusCode.UNAVAILABLE]);
    expect([context.isActive(), context.signal.aborted]).toEqual([true, false]);

    release();
    await within(stopped, 'the end of the server');
    expect(await underWay.ended).toMatchObject({ code: StatusCode.OK });
    expect(await underWay.responses).toMatchObject([{ text: 'done' }]);
    expect(context.signal.aborted).toBe(false);
  });

  it.each([
    ['30 s, then 200 ms, then 60 s', [30_000, 200, 60_000], 200],
    ['a minute, then none', [60_000, null], 0],
    ['the module’s own', [undefined], 700],
  ])('S2-9 the smallest grace period wins: %s', async (_what, graces, expectedMs) => {
    const [clock, seen] = [new FakeClock(), new Seen()];
    const unary = (_request: unknown, context: ServicerContext) => seen.stay(context);
    const options = { shutdown: { graceMs: 700 } };
    await using test = await startTestServer({ controllers: [kindsServicer({ unary })], options, clock });
    const { ended } = test.client.unary();
    const context = await within(seen.entered.promise, 'the call');
    const stops = graces.map((graceMs) => test.server.stop(graceMs));
    if (expectedMs > 0) await clock.advance(expectedMs - 1);
    if (expectedMs > 0) expect(context.isActive()).toBe(true);
    await clock.advance(1);

    expect(context.isActive()).toBe(false);
    await within(Promise.all(stops), 'the end of the server');
    expect(await ended).toMatchObject(CANCELLED_ALL);
  });

  it('S2-9 any number of times, at once and afterwards, is one end', async () => {
    const states: string[] = [];
    await using test = await startTestServer({
      prepare: (app) => app.on('terminated', () => states.push('terminated')),
    });
    await Promise.all([
      test.server.stop(),
      test.server.stop(null),
      test.server.close(),
      test.app.close(),
      test.app.close(),
    ]);
    await test.server.stop();

    expect(states).toEqual(['terminated']);
  });

  it('S2-9 before start ends the server without a call ever served', async () => {
    await using test = await startTestServer({ options: { autoStart: false } });
    const { ended } = test.client.unary();
    await within(test.server.stop(), 'the end of the server');

    expect(test.server.state).toBe('terminated');
    expect(await within(ended, 'the status')).toMatchObject({ code: StatusCode.UNAVAILABLE });
    expect(await test.server.awaitTermination()).toBe(true);
  });

  it('S2-9 before app.listen() leaves nothing to listen with', async () => {
    let stopped: Promise<void> | undefined;
    const prepare = (app: INestMicroservice): void => void (stopped = app.get(GrpcServer).stop());
    const started = startTestServer({ prepare });

    await expect(started).rejects.toThrow('a stopped server cannot listen again');
    await stopped;
  });

  it.each([
    ['in time is served', (call: RawHttp2Call) => void call.end(), { code: StatusCode.OK }],
    ['too late is none', (_call: RawHttp2Call, clock: FakeClock) => void clock.advance(60_000), CANCELLED_ALL],
  ])('S2-9 a request that was on its way and comes %s', async (_what, go, expected) => {
    const clock = new FakeClock();
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: () => ({ text: 'served' }) })],
      clock,
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('unary').send().read();
    // streams of a connection come in the order in which they were opened
    await within(client.open('unary').send().end().read().ended, 'a call after it');
    const stopped = test.server.stop(60_000);
    await settle();
    expect(test.server.state).toBe('draining');
    go(call, clock);

    expect(await within(call.ended, 'the status')).toMatchObject(expected);
    await within(stopped, 'the end of the server');
  });

  it('S2-9 by a handler lets that very call end', async () => {
    const stopping = deferred<Promise<void>>();
    const unary = () => {
      stopping.resolve(test.server.stop(60_000));
      return { text: 'goodbye' };
    };
    await using test = await startTestServer({ controllers: [kindsServicer({ unary })] });
    const { responses, ended } = test.client.unary();

    expect(await within(responses, 'the response')).toMatchObject([{ text: 'goodbye' }]);
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    await within(
      stopping.promise.then((stopped) => stopped),
      'the end of the server',
    );
  });

  it('S2-10 waits for handlers whose calls have ended', async () => {
    const [clock, cleaning, cleaned] = [new FakeClock(), deferred(), deferred()];
    const chat = async (_requests: unknown, context: ServicerContext) => {
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      cleaning.resolve();
      await cleaned.promise;
      order.push('cleaned up');
    };
    const order: string[] = [];
    await using test = await startTestServer({ controllers: [kindsServicer({ chat })], clock });
    const { ended } = test.client.chat();
    await until(() => test.server.state === 'serving', 'serving');
    await within(test.client.unary().ended, 'a call after which the other one has come in');
    const stopped = test.server.stop(null).then(() => order.push('terminated'));
    expect(await within(ended, 'the status')).toMatchObject(CANCELLED_ALL);
    await within(cleaning.promise, 'the abort');
    await clock.advance(4_999);
    expect(order).toEqual([]);
    cleaned.resolve();
    await within(stopped, 'the end of the server');

    expect(order).toEqual(['cleaned up', 'terminated']);
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('S2-10 gives up handlers that never settle, and names their methods', async () => {
    const [clock, release] = [new FakeClock(), deferred()];
    onTestFinished(() => release.resolve());
    let entered = 0;
    const stuck = async () => {
      entered += 1;
      await release.promise;
    };
    const controllers = [kindsServicer({ unary: stuck, chat: stuck })];
    const options = { shutdown: { handlerGraceMs: 300 } };
    await using test = await startTestServer({ controllers, options, clock });
    const calls = [test.client.unary(), test.client.chat(), test.client.chat()];
    await until(() => entered === 3, 'three calls');
    const stopped = test.server.stop(null);
    await Promise.all(
      calls.map(async ({ ended }) => expect(await within(ended, 'the status')).toMatchObject(CANCELLED_ALL)),
    );
    await clock.advance(299);
    expect(test.logger.messages('error')).toEqual([]);
    await clock.advance(1);
    await within(stopped, 'the end of the server');

    expect(test.logger.messages('error')).toEqual([
      'Handlers did not settle although their calls have ended; they are given up: ' +
        '/servicer.test.v1.Kinds/Chat (2), /servicer.test.v1.Kinds/Unary (1). Let them end when context.signal aborts.',
    ]);
  });

  it('S2-10 gives up nobody whose handler has settled, even without time for handlers', async () => {
    const seen = new Seen();
    const unary = (_request: unknown, context: ServicerContext) => seen.stay(context);
    const options = { shutdown: { handlerGraceMs: 0 } };
    await using test = await startTestServer({ controllers: [kindsServicer({ unary })], options });
    const { ended } = test.client.unary();
    await within(seen.entered.promise, 'the call');
    await within(test.server.stop(null), 'the end of the server');

    expect(await ended).toMatchObject(CANCELLED_ALL);
    expect(test.logger.messages('error')).toEqual([]);
  });

  it.each([-1, NaN, '100'])('S2-9 refuses %o as a grace period and goes on serving', async (graceMs) => {
    const { controllers, release } = held();
    await using test = await startTestServer({ controllers });
    const stopped = test.server.stop(graceMs as number);

    await expect(stopped).rejects.toThrow(UsageError);
    await expect(stopped).rejects.toThrow(`The grace period is a number of ms from 0, or null, not ${graceMs}`);
    release();
    expect(await within(test.client.unary().ended, 'a call')).toMatchObject({ code: StatusCode.OK });
  });
});
