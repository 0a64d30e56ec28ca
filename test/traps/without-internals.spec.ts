import { describe, expect, it, vi } from 'vitest';
import { StatusCode } from 'nestjs-servicer';
import { deferred, within } from '../support/deferred.js';
import { kindsServicer } from '../support/kinds-servicer.js';
import { RawHttp2 } from '../support/raw-http2.js';
import { startTestServer } from '../support/test-server.js';

/** A grpc-js whose private parts are elsewhere: what is looked for is not found. */
vi.mock('../../framework/src/server/grpc-js-internals.js', () => ({
  receivedCalls: () => undefined,
  probeGrpcJsInternals: () => ['"received-calls" is not where it is looked for'],
}));

describe('grpc-js without the internals that the framework leans on', () => {
  it('T14 is served; a deadline within 24 days is right, one beyond is what grpc-js makes of it', async () => {
    const lefts: (number | null)[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            lefts.push(context.timeRemainingMs());
            return {};
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    for (const timeout of ['48H', '1200H']) {
      const { ended } = client.open('unary', { 'grpc-timeout': timeout }).send().end().read();
      expect(await within(ended, 'the end')).toMatchObject({ code: StatusCode.OK });
    }
    const [twoDays, fiftyDays] = lefts;
    expect(twoDays).toBeGreaterThan(47 * 3_600_000);
    expect(fiftyDays).toBeLessThan(8 * 3_600_000);
    expect(test.logger.messages('warn')).toEqual([expect.stringContaining('received-calls')]);
  });

  it('metadata arrives, with repeated keys folded into one value', async () => {
    const seen = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            const metadata = context.invocationMetadata();
            seen.resolve([metadata.getAll('key'), metadata.get('key-bin'), metadata.get('te')]);
            return {};
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const bytes = Buffer.from([0, 255]);
    await client
      .open('unary', { key: ['a', 'b'], 'key-bin': bytes.toString('base64') })
      .send()
      .end()
      .read().ended;
    expect(await seen.promise).toEqual([['a, b'], bytes, undefined]);
  });

  it('S1-5 a lost connection still aborts the signal', async () => {
    const entered = deferred();
    const reason = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async chat(_requests, context) {
            entered.resolve();
            await context.read().catch(reason.resolve);
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    client.open('chat').read();
    await within(entered.promise, 'the handler');
    client.socket.resetAndDestroy();
    expect(await within(reason.promise, 'the end')).toMatchObject({ reason: 'connection' });
  });
});
