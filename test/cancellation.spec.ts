import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { CallEndedError, ServicerContext, StatusCode, StatusError, type CallEndReason } from 'nestjs-servicer';
import { NEVER, defer } from 'rxjs';
import type { Item } from './gen/kinds_pb.js';
import { deferred, until, within } from './support/deferred.js';
import { kindsServicer, type Items } from './support/kinds-servicer.js';
import { PIPELINES } from './support/pipelines.js';
import { RawHttp2, type RawHttp2Call } from './support/raw-http2.js';
import { Seen } from './support/seen.js';
import { drain, STUCK_FORMS } from './support/stuck-forms.js';
import { startTestServer, type TestServer } from './support/test-server.js';

/** What ends a call from outside its handler. */
interface Ending {
  readonly ending: string;
  readonly reason: CallEndReason;
  readonly code: StatusCode;
  readonly headers?: Record<string, string>;
  readonly end: (on: { call: RawHttp2Call; test: TestServer; context: ServicerContext; client: RawHttp2 }) => void;
}

const ENDINGS: readonly Ending[] = [
  { ending: 'the client cancels', reason: 'client', code: StatusCode.CANCELLED, end: ({ call }) => call.cancel() },
  {
    // the client enforces nothing: what ends the call is the server's own clock
    ending: 'the deadline passes',
    reason: 'deadline',
    code: StatusCode.DEADLINE_EXCEEDED,
    headers: { 'grpc-timeout': '5M' },
    end: () => void vi.advanceTimersByTime(5 * 60_000),
  },
  {
    ending: 'the servicer cancels',
    reason: 'servicer',
    code: StatusCode.CANCELLED,
    end: ({ context }) => context.cancel(),
  },
  {
    ending: 'the server stops',
    reason: 'shutdown',
    code: StatusCode.UNAVAILABLE,
    end: ({ test }) => void test.server.stop(null),
  },
];

/** All of time; never `setImmediate` and `nextTick`, on which sockets depend. */
const TIME = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] as const;

const latencies: { ending: string; form: string; ms: number }[] = [];

afterEach(() => void vi.useRealTimers());

afterAll(() => {
  for (const { ending } of ENDINGS) {
    const ms = latencies.filter((latency) => latency.ending === ending).map((latency) => latency.ms);
    console.log(
      `from event to abort, ${ending}: ${Math.min(...ms).toFixed(1)} to ${Math.max(...ms).toFixed(1)} ms over ${ms.length} forms`,
    );
  }
});

describe.each(
  PIPELINES.flatMap(({ pipeline, interceptors }) => ENDINGS.map((ending) => ({ ...ending, pipeline, interceptors }))),
)('S1-5 a call under way when $ending, $pipeline', ({ ending, reason, code, headers, end, interceptors }) => {
  it.each(STUCK_FORMS)('$form: told once of everything', async ({ form, rpc, met, handlers }) => {
    // grpc-js' own timers move too
    if (headers !== undefined) vi.useFakeTimers({ toFake: [...TIME] });
    const seen = new Seen();
    const controllers = [
      kindsServicer({ ...handlers(seen), onCancel: () => (seen.counts.onCancel += 1) }, { interceptors }),
    ];
    await using test = await startTestServer({ controllers, options: { maximumConcurrentRpcs: 1 } });
    using client = await RawHttp2.connect(test.address);
    const call = client.open(rpc, headers).send();
    if (rpc === 'unary' || rpc === 'serve') call.end();

    const context = await seen.entered.promise;
    const startedAt = process.hrtime.bigint();
    end({ call, test, context, client });
    const error = await seen.aborted.promise;
    vi.useRealTimers();
    await within(seen.settled.promise, 'the end of the handler');
    latencies.push({ ending, form, ms: Number(seen.abortedAt - startedAt) / 1e6 });

    expect(error).toBeInstanceOf(CallEndedError);
    expect(error).toMatchObject({ reason, code });
    expect(context.isActive()).toBe(false);
    expect(() => context.throwIfCancelled()).toThrow(error);
    if (met === 'error') expect(seen.thrown).toBe(error);
    // nothing of the call is left: otherwise this would take the grace period
    await within(test.server.stop(60_000), 'the end of the server');
    expect(seen.counts).toEqual({
      aborted: 1,
      callback: 1,
      onCancel: 1,
      finally: met === 'unsubscribed' ? 0 : 1,
      unsubscribed: met === 'unsubscribed' ? 1 : 0,
    });
    expect(test.logger.messages('error')).toEqual([]);
  });
});

describe('S1-5 a cancel of the client beside the deadline', () => {
  it.each([
    ['just before it counts as the deadline: the clocks of two machines race', 20, 'deadline'],
    ['well before it is one', 500, 'client'],
  ])('%s', async (_what, beforeMs, reason) => {
    vi.useFakeTimers({ toFake: [...TIME] });
    const seen = new Seen();
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: (_request, context) => seen.stay(context) })],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('unary', { 'grpc-timeout': '1M' }).send().end();
    await seen.entered.promise;
    vi.advanceTimersByTime(60_000 - beforeMs);
    call.cancel();
    expect(await seen.aborted.promise).toMatchObject({ reason });
    vi.useRealTimers();
  });
});

describe('S1-6 addCallback', () => {
  interface End {
    readonly end: string;
    readonly code: StatusCode;
    readonly unary: (context: ServicerContext, entered: () => void) => unknown;
    readonly cancel?: boolean;
  }
  const staying = (context: ServicerContext, entered: () => void): Promise<never> => {
    entered();
    return new Promise((_, reject) =>
      context.signal.addEventListener('abort', () => reject(context.signal.reason as Error)),
    );
  };
  const ENDS: readonly End[] = [
    { end: 'OK', code: StatusCode.OK, unary: async () => ({}) },
    { end: 'an error', code: StatusCode.NOT_FOUND, unary: () => Promise.reject(new StatusError(StatusCode.NOT_FOUND)) },
    { end: 'abort()', code: StatusCode.ABORTED, unary: (context) => context.abort(StatusCode.ABORTED) },
    { end: 'cancel()', code: StatusCode.CANCELLED, unary: (context) => context.cancel() },
    { end: 'a cancel of the client', code: StatusCode.CANCELLED, unary: staying, cancel: true },
  ];

  it.each(ENDS)('runs once, in order, after $end; the call is over by then', async ({ code, unary, cancel }) => {
    const entered = deferred();
    const heard: unknown[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          unary(_request, context) {
            expect(context.addCallback(() => heard.push('first'))).toBe(true);
            context.addCallback(() =>
              heard.push({ active: context.isActive(), again: context.addCallback(() => heard.push('never')) }),
            );
            context.addCallback(() => heard.push(ServicerContext.current() === context));
            expect(context.isActive()).toBe(true);
            return unary(context, entered.resolve);
          },
        }),
      ],
    });
    const { call, ended } = test.client.unary();
    if (cancel === true) {
      await within(entered.promise, 'the start of the handler');
      call.cancel();
    }
    expect(await ended).toMatchObject({ code });
    await within(test.server.stop(60_000), 'the end of the server');
    expect(heard).toEqual(['first', { active: false, again: false }, true]);
  });
});

describe('S1-5 a call that the servicer ended itself', () => {
  it('never aborts its signal and calls no @OnCancel(), though the client leaves afterwards', async () => {
    const seen = new Seen();
    let signal: AbortSignal | undefined;
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            seen.enter(context);
            signal = context.signal;
            return {};
          },
          onCancel: () => (seen.counts.onCancel += 1),
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    expect(await client.open('unary').send().end().read().ended).toMatchObject({ code: StatusCode.OK });
    client.socket.destroy();
    await within(test.server.stop(60_000), 'the end of the server');
    expect(signal?.aborted).toBe(false);
    expect(seen.counts).toMatchObject({ aborted: 0, callback: 1, onCancel: 0 });
  });

  it('draining alone aborts nothing', async () => {
    const seen = new Seen();
    const release = deferred();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            seen.enter(context);
            await release.promise;
            return { text: 'in time' };
          },
        }),
      ],
    });
    const { responses } = test.client.unary();
    await seen.entered.promise;
    const stopped = test.server.stop(60_000);
    await until(() => test.server.state === 'draining', 'draining');
    release.resolve();
    expect(await responses).toMatchObject([{ text: 'in time' }]);
    await within(stopped, 'the end of the server');
    expect(seen.counts).toMatchObject({ aborted: 0, callback: 1 });
  });
});

describe('S1-8 context.cancel()', () => {
  it('ends the call as CANCELLED at once; a second one and what the handler returns change nothing', async () => {
    const after = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            context.cancel();
            context.cancel('again');
            after.resolve({ active: context.isActive(), reason: context.signal.reason as unknown });
            return { text: 'dropped' };
          },
        }),
      ],
    });
    const { ended, responses } = test.client.unary();
    expect(await ended).toMatchObject({ code: StatusCode.CANCELLED, details: 'CANCELLED' });
    expect(await responses).toEqual([]);
    expect(await after.promise).toMatchObject({ active: false, reason: { reason: 'servicer', details: 'CANCELLED' } });
  });

  it('in mid-stream: earlier messages arrive, then its details', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async *serve(_request, context) {
            yield { count: 1 };
            yield { count: 2 };
            context.cancel('at the maximum \ud800');
            yield { count: 3 };
          },
        }),
      ],
    });
    const { ended, responses } = test.client.serve();
    expect(await ended).toMatchObject({ code: StatusCode.CANCELLED, details: 'at the maximum \ufffd' });
    expect((await responses).map(({ count }) => count)).toEqual([1, 2]);
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('carries the trailing metadata', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            context.setTrailingMetadata({ tried: '1000' });
            context.cancel();
          },
        }),
      ],
    });
    expect((await test.client.unary().ended).trailers.get('tried')).toEqual(['1000']);
  });
});

describe('S1-5 a call that ended before its handler ran', () => {
  /** A guard that waits, and the context of the call that it waits with. */
  class SlowGuard {
    readonly entered = deferred<ServicerContext>();
    readonly release = deferred<boolean>();

    canActivate(): Promise<boolean> {
      this.entered.resolve(ServicerContext.current()!);
      return this.release.promise;
    }
  }

  it.each(['unary', 'serve', 'collect', 'chat'] as const)(
    '%s: is already cancelled to it, and no slot is lost',
    async (rpc) => {
      const guard = new SlowGuard();
      const seen = deferred<unknown>();
      const look = async (requests: Item | Items, context: ServicerContext): Promise<void> => {
        const added = context.addCallback(() => {});
        const read =
          Symbol.asyncIterator in requests ? await drain(requests).catch((error: unknown) => error) : undefined;
        seen.resolve({
          aborted: context.signal.aborted,
          reason: context.signal.reason as unknown,
          active: context.isActive(),
          added,
          read,
        });
      };
      const answer = async (requests: Item | Items, context: ServicerContext): Promise<object> => (
        await look(requests, context),
        {}
      );
      await using test = await startTestServer({
        controllers: [kindsServicer({ unary: answer, serve: look, collect: answer, chat: look })],
        options: { maximumConcurrentRpcs: 1, maxWorkers: 1 },
        prepare: (app) => app.useGlobalGuards(guard),
      });
      using client = await RawHttp2.connect(test.address);
      const call = client.open(rpc).send();
      if (rpc === 'unary' || rpc === 'serve') call.end();
      const context = await within(guard.entered.promise, 'the guard');
      call.cancel();
      await until(() => !context.isActive(), 'the end of the call');
      guard.release.resolve(true);

      const ended = { reason: 'client' };
      expect(await within(seen.promise, 'the handler')).toMatchObject({
        aborted: true,
        reason: ended,
        active: false,
        added: false,
        read: rpc === 'collect' || rpc === 'chat' ? ended : undefined,
      });
      // the one slot and the one worker are free again
      expect(await within(test.client.unary().ended, 'the next call')).toMatchObject({ code: StatusCode.OK });
      expect(test.logger.messages('error')).toEqual([]);
    },
  );

  it('behind an interceptor its handler is not even started', async () => {
    const guard = new SlowGuard();
    let subscribed = 0;
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          { unary: () => defer(() => ((subscribed += 1), NEVER)) },
          { interceptors: [{ intercept: (_context, next) => next.handle() }] },
        ),
      ],
      options: { maximumConcurrentRpcs: 1 },
      prepare: (app) =>
        app.useGlobalGuards(guard).useGlobalInterceptors({ intercept: (_context, next) => next.handle() }),
    });
    const { call, ended } = test.client.unary();
    const context = await within(guard.entered.promise, 'the guard');
    call.cancel();
    await ended;
    await until(() => !context.isActive(), 'the end of the call');
    guard.release.resolve(true);
    await within(test.server.stop(60_000), 'the end of the server');
    expect(subscribed).toBe(0);
  });

  it('an Observable that it returns is not subscribed', async () => {
    const entered = deferred<ServicerContext>();
    const release = deferred();
    let subscribed = 0;
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            entered.resolve(context);
            await release.promise;
            return defer(() => ((subscribed += 1), NEVER));
          },
        }),
      ],
    });
    const { call } = test.client.unary();
    const context = await within(entered.promise, 'the handler');
    call.cancel();
    await until(() => !context.isActive(), 'the end of the call');
    release.resolve();
    await within(test.server.stop(60_000), 'the end of the server');
    expect(subscribed).toBe(0);
  });
});

describe('S1-7 checkpoint()', () => {
  it('lets a loop that computes see a cancel of the client', async () => {
    const entered = deferred();
    const stopped = deferred<{ turns: number; error: unknown }>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            let turns = 0;
            try {
              // waits for nothing else
              for (; turns < 1e9; turns++) {
                if (turns === 1000) entered.resolve();
                await context.checkpoint();
              }
            } catch (error) {
              stopped.resolve({ turns, error });
              throw error;
            }
            return {};
          },
        }),
      ],
    });
    const { call } = test.client.unary();
    await within(entered.promise, 'the loop');
    const startedAt = process.hrtime.bigint();
    call.cancel();
    const { error, turns } = await within(stopped.promise, 'the end of the loop');
    const ms = Number(process.hrtime.bigint() - startedAt) / 1e6;
    console.log(
      `from cancel to the end of a computing loop with checkpoint(): ${ms.toFixed(1)} ms, after ${turns} turns`,
    );
    expect(error).toMatchObject({ reason: 'client' });
  });

  it('lets it see the deadline', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            for (;;) await context.checkpoint(0);
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const { ended } = client.open('unary', { 'grpc-timeout': '20m' }).send().end().read();
    expect(await within(ended, 'the deadline')).toMatchObject({ code: StatusCode.DEADLINE_EXCEEDED });
  });

  it.each([
    ['with it the event loop turns', true],
    ['control: without it promises alone do not let it turn', false],
  ])('%s', async (_what, checks) => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            let turned = false;
            setImmediate(() => (turned = true));
            for (let n = 0; n < 1_000; n++) await (checks ? context.checkpoint(0) : Promise.resolve());
            return { text: String(turned) };
          },
        }),
      ],
    });
    expect(await test.client.unary().responses).toMatchObject([{ text: String(checks) }]);
  });
});
