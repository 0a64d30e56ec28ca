import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StatusCode, StatusError, UsageError } from 'nestjs-servicer';
import { of } from 'rxjs';
import { deferred, settle, until, untilStill, within } from '../support/deferred.js';
import { kindsServicer } from '../support/kinds-servicer.js';
import { item } from '../support/raw-kinds.js';
import { RawHttp2 } from '../support/raw-http2.js';
import { startRawServer } from '../support/raw-server.js';
import { Seen } from '../support/seen.js';
import { drain } from '../support/stuck-forms.js';
import { startTestServer } from '../support/test-server.js';

/** Long enough for an answer over loopback, if there were one. */
const soon = (): { deadline: number } => ({ deadline: Date.now() + 300 });

/** A server of raw grpc-js and the calls of its interceptor, which are what the framework drives. */
async function startTapped(handlers: Parameters<typeof startRawServer>[0]) {
  const calls: grpc.ServerInterceptingCallInterface[] = [];
  const tap: grpc.ServerInterceptor = (_method, call) => {
    calls.push(call);
    return new grpc.ServerInterceptingCall(call);
  };
  return { test: await startRawServer(handlers, { interceptors: [tap] }), calls };
}

afterEach(() => void vi.useRealTimers());

describe('T10 what counts as cancelled', () => {
  it('control: a raw grpc-js call is cancelled by its own success', async () => {
    const cancelled = deferred<boolean>();
    await using test = await startRawServer({
      unary(call, callback) {
        call.on('cancelled', () => cancelled.resolve(call.cancelled));
        callback(null, item());
      },
    });
    expect(await test.client.unary().ended).toMatchObject({ code: grpc.status.OK });
    expect(await within(cancelled.promise, 'the event')).toBe(true);
  });

  it.each([
    ['OK', async () => ({})],
    ['an error', () => Promise.reject(new StatusError(StatusCode.NOT_FOUND))],
  ])('T10 ours is not, by %s', async (_what, unary) => {
    const seen = new Seen();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          unary(_request, context) {
            seen.enter(context);
            return unary();
          },
          onCancel: () => (seen.counts.onCancel += 1),
        }),
      ],
    });
    await test.client.unary().ended;
    await until(() => seen.counts.callback === 1, 'the end of the call');
    await settle();
    const context = await seen.entered.promise;
    expect(context.signal.aborted).toBe(false);
    expect(() => context.throwIfCancelled()).not.toThrow();
    expect(seen.counts).toMatchObject({ aborted: 0, onCancel: 0 });
  });
});

describe('T16 a write after the client has left', () => {
  it('control: grpc-js never calls back', async () => {
    const entered = deferred();
    const cancelled = deferred();
    let calledBack = false;
    const { test, calls } = await startTapped({
      serve(call) {
        call.on('cancelled', cancelled.resolve);
        entered.resolve();
      },
    });
    await using _ = test;
    const { call } = test.client.serve();
    await within(entered.promise, 'the handler');
    call.cancel();
    await within(cancelled.promise, 'the cancel');
    calls[0]!.sendMessage(item(), () => (calledBack = true));
    await settle();
    expect(calledBack).toBe(false);
  });

  it('T16 rejects, the one that waits and a later one', async () => {
    const stuck = deferred();
    const errors = deferred<unknown[]>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async serve(_request, context) {
            const failures: unknown[] = [];
            let writes = 0;
            const writing = (async () => {
              for (;;) {
                writes += 1;
                await context.write({ blob: Buffer.alloc(32 * 1024) });
              }
            })();
            // no write has been taken for as long: the window is closed and the queue full
            await untilStill(() => writes);
            stuck.resolve();
            await writing.catch((error: unknown) => failures.push(error));
            await context.write({}).catch((error: unknown) => failures.push(error));
            errors.resolve(failures);
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('serve').send().end();
    await within(stuck.promise, 'back-pressure');
    call.cancel();
    const ended = { reason: 'client' };
    expect(await within(errors.promise, 'two errors')).toMatchObject([ended, ended]);
    await within(test.server.stop(60_000), 'the end of the server');
  });
});

describe('T17 answering twice', () => {
  it('control: a raw grpc-js client hangs until its deadline', async () => {
    await using test = await startRawServer({
      unary(_call, callback) {
        callback(null, item());
        callback(null, item());
      },
    });
    expect(await test.client.unary({}, soon()).ended).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
  });

  it('T17 the first end of a call stands', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(request, context) {
            try {
              context.abort(StatusCode.ALREADY_EXISTS, 'the first');
            } catch {
              context.cancel('the second');
              if (request.text === 'throw') throw new StatusError(StatusCode.ABORTED, 'the third');
            }
            return { text: 'the third' };
          },
        }),
      ],
    });
    for (const text of ['return', 'throw']) {
      const { ended, responses } = test.client.unary({ text });
      expect(await ended).toMatchObject({ code: StatusCode.ALREADY_EXISTS, details: 'the first' });
      expect(await responses).toEqual([]);
    }
  });

  it('T17 of two responses the first is sent, and a line in the log says so', async () => {
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: () => of({ count: 1 }, { count: 2 }, { count: 3 }) })],
    });
    const { ended, responses } = test.client.unary();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    expect(await responses).toEqual([item({ count: 1 })]);
    expect(test.logger.messages('warn')).toEqual([
      expect.stringContaining('produced 3 responses and the call takes one'),
    ]);
  });
});

describe('T18 a stream that is over', () => {
  it('control: a raw grpc-js stream that is destroyed tells its client nothing until the deadline', async () => {
    await using test = await startRawServer({
      serve(call) {
        call.on('error', () => {});
        call.write(item());
        call.destroy(new Error('boom'));
      },
    });
    expect(await test.client.serve({}, soon()).ended).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
  });

  it('T18 takes no more writes, and its client has the status', async () => {
    const late = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async serve(_request, context) {
            await context.write({ count: 1 });
            context.addCallback(() => void context.write({ count: 2 }).catch(late.resolve));
          },
        }),
      ],
    });
    const { ended, responses } = test.client.serve();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    expect(await responses).toEqual([item({ count: 1 })]);
    const error = await within(late.promise, 'the refusal');
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ message: 'The call has ended: its status was sent' });
  });
});

describe('T19 codes that no error has', () => {
  it('control: raw grpc-js sends them: OK without a response, and a code that is none', async () => {
    await using test = await startRawServer({
      unary(call, callback) {
        const status = { code: call.request.count, details: 'odd' };
        callback(status);
      },
    });
    const { ended, responses } = test.client.unary({ count: 0 });
    expect(await ended).toMatchObject({ code: grpc.status.OK });
    expect(await responses).toEqual([]);
    expect(await test.client.unary({ count: 99 }).ended).toMatchObject({ code: 99 });
  });

  it.each([
    ['StatusError(OK)', 0, ''],
    ['StatusError(99)', 99, 'odd'],
  ])('T19 %s ends a call as UNKNOWN', async (_what, code, details) => {
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: () => Promise.reject(new StatusError(code as StatusCode, 'odd')) })],
    });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.UNKNOWN, details });
  });
});

describe('T20 ending a server under its calls', () => {
  it('control: raw grpc-js waits for ever, or ends them as CANCELLED', async () => {
    const entered = deferred();
    await using test = await startRawServer({ serve: () => entered.resolve() });
    const { ended } = test.client.serve();
    await within(entered.promise, 'the handler');
    let over = false;
    test.core.tryShutdown(() => (over = true));
    await settle();
    expect(over).toBe(false);
    test.core.forceShutdown();
    expect(await within(ended, 'the end')).toMatchObject({ code: grpc.status.CANCELLED });
  });

  it('T20 ours ends them as UNAVAILABLE, and itself', async () => {
    const entered = deferred();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async serve(_request, context) {
            entered.resolve();
            await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
          },
        }),
      ],
    });
    const { ended } = test.client.serve();
    await within(entered.promise, 'the handler');
    await within(test.server.stop(null), 'the end of the server');
    expect(await ended).toMatchObject({ code: StatusCode.UNAVAILABLE, details: 'Cancelling all calls' });
  });
});

describe('T31 a deadline that passes', () => {
  it('control: raw grpc-js ends the call, and nothing that its handler does next fails', async () => {
    const release = deferred();
    const wentOn = deferred<unknown>();
    await using test = await startRawServer({
      async serve(call) {
        await release.promise;
        try {
          call.write(item());
          call.end();
          wentOn.resolve('to its end');
        } catch (error) {
          wentOn.resolve(error);
        }
      },
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('serve', { 'grpc-timeout': '20m' }).send().end().read();
    expect(await within(call.ended, 'the deadline')).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
    release.resolve();
    expect(await wentOn.promise).toBe('to its end');
  });

  it('T31 ours tells the handler', async () => {
    const failures = deferred<unknown[]>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async chat(requests, context) {
            const read = await drain(requests).catch((error: unknown) => error);
            const written = await context.write({}).catch((error: unknown) => error);
            failures.resolve([read, written, context.signal.reason]);
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('chat', { 'grpc-timeout': '20m' }).send().read();
    expect(await within(call.ended, 'the deadline')).toMatchObject({
      code: StatusCode.DEADLINE_EXCEEDED,
      details: 'Deadline exceeded',
    });
    const ended = { reason: 'deadline' };
    expect(await within(failures.promise, 'the end of the handler')).toMatchObject([ended, ended, ended]);
  });
});
