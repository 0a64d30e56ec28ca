import { setTimeout as delay } from 'node:timers/promises';
import { Catch, UseFilters, type ExceptionFilter } from '@nestjs/common';
import { BidiStream, Servicer, ServerStream, StatusCode, Unary, type ServicerContext } from 'nestjs-servicer';
import { describe, expect, it } from 'vitest';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { deferred, until, within } from './support/deferred.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { startTestServer } from './support/test-server.js';

/** Far beyond any test. */
const LONG_MS = 3_600_000;

@Catch()
class GivesNothingBack implements ExceptionFilter {
  catch(): void {
    // as a filter that only counts
  }
}

/** One per test: it tells when its handler has begun, and when it is over. */
function servicer() {
  const entered = deferred();
  const over = deferred();

  @Servicer(Kinds, { partial: true })
  class Waiting {
    @Unary()
    async unary(_request: Item, context: ServicerContext) {
      entered.resolve();
      try {
        await delay(LONG_MS, undefined, { signal: context.signal });
      } finally {
        over.resolve();
      }
      return {};
    }

    @ServerStream()
    @UseFilters(GivesNothingBack)
    async *serve() {
      yield await Promise.reject<{ text: string }>(new Error('a secret'));
    }

    @BidiStream()
    async *chat(_requests: AsyncIterable<Item>, context: ServicerContext) {
      yield {};
      entered.resolve();
      try {
        await delay(LONG_MS, undefined, { signal: context.signal });
      } finally {
        over.resolve();
      }
    }
  }
  return { Waiting, entered, over };
}

describe('what ends quietly', () => {
  it.each(['unary', 'chat'] as const)(
    'a %s handler that stopped with an AbortError of its signal: nothing is logged',
    async (rpc) => {
      const { Waiting, entered, over } = servicer();
      await using test = await startTestServer({ controllers: [Waiting] });
      const { call, ended } = rpc === 'unary' ? test.client.unary() : test.client.chat();
      await within(entered.promise, 'the handler');
      call.cancel();

      expect(await within(ended, 'the end')).toMatchObject({ code: StatusCode.CANCELLED });
      await within(over.promise, 'the end of the handler');
      await test.server.stop(null);
      expect(test.logger.messages('error')).toEqual([]);
    },
  );

  it('an error that a filter took and gave nothing back for: Nest has logged it, and nobody logs it again', async () => {
    const { Waiting } = servicer();
    await using test = await startTestServer({ controllers: [Waiting] });

    expect(await within(test.client.serve().ended, 'the end')).toMatchObject({ code: StatusCode.UNKNOWN });
    await until(() => test.logger.messages('error').length > 0, 'the log line');
    expect(test.logger.messages('error')).toEqual(['a secret']);
  });

  it('a handler of one response that produces a stream is told so', async () => {
    const confused = kindsServicer({
      async *unary() {
        yield {};
      },
    });
    await using test = await startTestServer({ controllers: [confused] });

    expect(await within(test.client.unary().ended, 'the end')).toMatchObject({
      code: StatusCode.INTERNAL,
      details: 'The handler of one response produced a stream',
    });
    expect(test.logger.messages('error')).toHaveLength(1);
  });
});
