import { describe, expect, it } from 'vitest';
import { StatusCode } from 'nestjs-servicer';
import { of } from 'rxjs';
import { settle } from '../support/deferred.js';
import { kindsServicer } from '../support/kinds-servicer.js';
import { processEvents } from '../support/process-events.js';
import { item } from '../support/raw-kinds.js';
import { startRawServer } from '../support/raw-server.js';
import { startTestServer } from '../support/test-server.js';

/** Long enough for an answer over loopback, if there were one. */
const soon = (): { deadline: number } => ({ deadline: Date.now() + 300 });
const NEVER_ENDED = { code: StatusCode.DEADLINE_EXCEEDED };

describe('T12 what a handler may return', () => {
  it('control: raw grpc-js ignores a promise and a generator; the client waits for its deadline', async () => {
    await using test = await startRawServer({
      unary: async () => item(),
      async *serve() {
        yield item();
      },
    });
    const calls = [test.client.unary({}, soon()), test.client.serve({}, soon())];
    for (const { ended } of calls) expect(await ended).toMatchObject(NEVER_ENDED);
  });

  it.each([
    ['a value', () => ({ count: 7 })],
    ['a promise', async () => ({ count: 7 })],
    ['an Observable', () => of({ count: 7 })],
    ['a promise of an Observable', async () => of({ count: 7 })],
  ])('S3-10 unary: %s', async (_what, unary) => {
    await using test = await startTestServer({ controllers: [kindsServicer({ unary })] });
    const { ended, responses } = test.client.unary();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    expect(await responses).toEqual([item({ count: 7 })]);
  });

  async function* numbers(): AsyncGenerator<{ count: number }> {
    yield { count: 1 };
    yield { count: 2 };
  }
  it.each([
    ['an async generator', numbers],
    ['a promise of one', async () => numbers()],
    ['an AsyncIterable', () => ({ [Symbol.asyncIterator]: numbers })],
    ['an Observable', () => of({ count: 1 }, { count: 2 })],
  ])('T12 server stream: %s', async (_what, serve) => {
    await using test = await startTestServer({ controllers: [kindsServicer({ serve })] });
    const { ended, responses } = test.client.serve();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    expect(await responses).toEqual([item({ count: 1 }), item({ count: 2 })]);
  });
});

describe('T13 a handler that rejects', () => {
  const failing = async (): Promise<never> => {
    throw new Error('boom');
  };

  it('control: in raw grpc-js nobody hears of it, and the call never ends', async () => {
    await using test = await startRawServer({ unary: failing, serve: failing, collect: failing, chat: failing });
    const rejections = await processEvents('unhandledRejection', async () => {
      const calls = [
        test.client.unary({}, soon()),
        test.client.serve({}, soon()),
        test.client.collect(soon()),
        test.client.chat(soon()),
      ];
      for (const { ended } of calls) expect(await ended).toMatchObject(NEVER_ENDED);
    });
    expect(rejections).toHaveLength(4);
  });

  it('T13 ends its call as UNKNOWN, once', async () => {
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: failing, serve: failing, collect: failing, chat: failing })],
    });
    const rejections = await processEvents('unhandledRejection', async () => {
      const calls = [test.client.unary(), test.client.serve(), test.client.collect(), test.client.chat()];
      for (const { ended } of calls) expect(await ended).toMatchObject({ code: StatusCode.UNKNOWN });
      await settle();
    });
    expect(rejections).toEqual([]);
    expect(test.logger.messages('error')).toEqual(['boom', 'boom', 'boom', 'boom']);
  });
});
