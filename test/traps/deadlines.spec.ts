import { afterEach, describe, expect, it, vi } from 'vitest';
import * as grpc from '@grpc/grpc-js';
import { StatusCode, type ServicerContext } from 'nestjs-servicer';
import { deferred, within } from '../support/deferred.js';
import { kindsServicer } from '../support/kinds-servicer.js';
import { processEvents } from '../support/process-events.js';
import { item } from '../support/raw-kinds.js';
import { RawHttp2 } from '../support/raw-http2.js';
import { startRawServer } from '../support/raw-server.js';
import { startTestServer } from '../support/test-server.js';

const DAY_MS = 86_400_000;
/** As long as the way of a call through a busy machine may take. */
const MINUTE_MS = 60_000;

/** The header of a client that means so many days. */
const days = (count: number): { 'grpc-timeout': string } => ({ 'grpc-timeout': `${count * 24}H` });

afterEach(() => void vi.useRealTimers());

describe('T14 a deadline further away than 32 bits of ms', () => {
  it('control: in raw grpc-js a call with 30 days is over at once', async () => {
    await using test = await startRawServer({ serve: () => {} });
    using client = await RawHttp2.connect(test.address);
    // some versions of Node warn of the negative time of the timer
    await processEvents('warning', async () => {
      const { ended } = client.open('serve', days(30)).send().end().read();
      expect(await within(ended, 'the end')).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
    });
  });

  it('control: in raw grpc-js 50 days are seven hours', async () => {
    const left = deferred<number>();
    await using test = await startRawServer({
      unary(call, callback) {
        left.resolve(Number(call.getDeadline()) - Date.now());
        callback(null, item());
      },
    });
    using client = await RawHttp2.connect(test.address);
    await client.open('unary', days(50)).send().end().read().ended;
    expect(await left.promise).toBeLessThan(DAY_MS);
  });

  it.each([1, 24, 25, 30, 50, 4_000])('T14 %i days are so many', async (count) => {
    const left = deferred<number | null>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            left.resolve(context.timeRemainingMs());
            return {};
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const { ended } = client.open('unary', days(count)).send().end().read();
    expect(await within(ended, 'the end')).toMatchObject({ code: StatusCode.OK });
    const leftMs = await left.promise;
    expect(leftMs).toBeGreaterThan(count * DAY_MS - MINUTE_MS);
    expect(leftMs).toBeLessThanOrEqual(count * DAY_MS);
  });

  it.each([30, 50])('T14 and after %i days the call ends', async (count) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const entered = deferred<ServicerContext>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async serve(_request, context) {
            entered.resolve(context);
            await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
          },
        }),
      ],
      // time passes here without a chance to answer a ping
      options: { keepalive: { timeMs: 2 ** 31 - 1 } },
    });
    using client = await RawHttp2.connect(test.address);
    const { ended } = client.open('serve', days(count)).send().end().read();
    const context = await entered.promise;
    vi.advanceTimersByTime(count * DAY_MS - MINUTE_MS);
    expect(context.isActive()).toBe(true);
    vi.advanceTimersByTime(MINUTE_MS);
    expect(await ended).toMatchObject({ code: StatusCode.DEADLINE_EXCEEDED });
    expect(context.signal.reason).toMatchObject({ reason: 'deadline' });
    vi.useRealTimers();
  });

  it('a grpc-timeout that is none is refused', async () => {
    await using test = await startTestServer({ controllers: [kindsServicer({ unary: async () => ({}) })] });
    using client = await RawHttp2.connect(test.address);
    const { ended } = client.open('unary', { 'grpc-timeout': 'soon' }).send().end().read();
    expect(await within(ended, 'the end')).toMatchObject({ code: StatusCode.INTERNAL });
  });
});
