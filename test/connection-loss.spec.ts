import { constants } from 'node:http2';
import { afterAll, describe, expect, it } from 'vitest';
import { CallEndedError, StatusCode } from 'nestjs-servicer';
import { within } from './support/deferred.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { RawHttp2 } from './support/raw-http2.js';
import { Seen } from './support/seen.js';
import { STUCK_FORMS, type StuckForm } from './support/stuck-forms.js';
import { TcpProxy } from './support/tcp-proxy.js';
import { startTestServer } from './support/test-server.js';

const KEEPALIVE = { timeMs: 100, timeoutMs: 100 };

/** A way to lose the connection. */
interface Loss {
  readonly loss: string;
  readonly lose: (on: { proxy: TcpProxy; client: RawHttp2 }) => void;
}

const LOSSES: readonly Loss[] = [
  { loss: 'FIN', lose: ({ proxy }) => proxy.fin() },
  { loss: 'RST', lose: ({ proxy }) => proxy.reset() },
  { loss: 'GOAWAY with an error', lose: ({ client }) => client.session.goaway(constants.NGHTTP2_PROTOCOL_ERROR) },
  { loss: 'silence, found by keepalive', lose: ({ proxy }) => proxy.silence() },
];

const latencies: { loss: string; ms: number }[] = [];

afterAll(() => {
  for (const { loss } of LOSSES) {
    const ms = latencies.filter((latency) => latency.loss === loss).map((latency) => latency.ms);
    const keepalive = loss.startsWith('silence') ? ` (keepalive ${KEEPALIVE.timeMs} + ${KEEPALIVE.timeoutMs} ms)` : '';
    console.log(
      `from event to abort, ${loss}: ${Math.min(...ms).toFixed(1)} to ${Math.max(...ms).toFixed(1)} ms over ${ms.length} forms${keepalive}`,
    );
  }
});

describe.each(LOSSES)('S1-5 a call under way when its connection is lost: $loss', ({ loss, lose }) => {
  it.each(STUCK_FORMS)('$form: told once of everything', async ({ rpc, met, handlers }: StuckForm) => {
    const seen = new Seen();
    const controllers = [kindsServicer({ ...handlers(seen), onCancel: () => (seen.counts.onCancel += 1) })];
    await using test = await startTestServer({ controllers, options: { keepalive: KEEPALIVE } });
    await using proxy = await TcpProxy.start(test.address);
    using client = await RawHttp2.connect(proxy.address);
    const call = client.open(rpc).send();
    if (rpc === 'unary' || rpc === 'serve') call.end();

    const context = await within(seen.entered.promise, 'the start of the handler');
    const startedAt = process.hrtime.bigint();
    lose({ proxy, client });
    const error = await within(seen.aborted.promise, 'the abort of the signal');
    await within(seen.settled.promise, 'the end of the handler');
    latencies.push({ loss, ms: Number(seen.abortedAt - startedAt) / 1e6 });

    expect(error).toBeInstanceOf(CallEndedError);
    expect(error).toMatchObject({ reason: 'connection', code: StatusCode.CANCELLED });
    expect(context.isActive()).toBe(false);
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
