import type * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { GrpcServer, StatusCode } from 'nestjs-servicer';
import { KindsService, OddService } from './gen/ts-proto/kinds.js';
import { deferred, within } from './support/deferred.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { callWithHeaders } from './support/raw-headers.js';
import { item } from './support/raw-kinds.js';
import { startTestServer } from './support/test-server.js';

describe('metadata that a handler passes on as it came', () => {
  const HEADERS: readonly [what: string, headers: readonly (readonly [string, string])[]][] = [
    [
      'authorization twice',
      [
        ['authorization', 'a'],
        ['authorization', 'b'],
      ],
    ],
    ['a value that is not ASCII', [['x-a', 'café']]],
    ['http2-settings', [['http2-settings', 'x']]],
    ['a status', [['grpc-status', '7']]],
  ];

  it.each(HEADERS)('%s: its call ends, and the server goes on', async (_what, headers) => {
    const servicer = kindsServicer({
      unary(_request, context) {
        context.setTrailingMetadata(context.invocationMetadata());
        return {};
      },
    });
    await using test = await startTestServer({ controllers: [servicer] });

    expect(await within(callWithHeaders(test.address, headers), 'the end of the call')).toBe(true);
    expect(await within(test.client.unary().ended, 'another call')).toMatchObject({ code: StatusCode.OK });
    await within(test.server.stop(60_000), 'the end of the server');
  });

  it('more than a header block holds is refused where it is set', async () => {
    const servicer = kindsServicer({
      unary(_request, context) {
        context.sendInitialMetadata({ big: 'x'.repeat(64 * 1024) });
        return {};
      },
    });
    await using test = await startTestServer({ controllers: [servicer] });
    expect(await within(test.client.unary().ended, 'the status')).toMatchObject({ code: StatusCode.UNKNOWN });
    expect(test.logger.messages('error')[0]).toMatch(/at most 49152/);
  });
});

describe('a generator that computes between its messages', () => {
  it('keeps no other call waiting, and hears of its cancel', async () => {
    let stopped = false;
    const servicer = kindsServicer({
      async *serve() {
        try {
          for (;;) {
            const endsAt = performance.now() + 3;
            while (performance.now() < endsAt);
            yield {};
          }
        } finally {
          stopped = true;
        }
      },
      unary: () => ({}),
    });
    await using test = await startTestServer({ controllers: [servicer] });
    const { call, ended } = test.client.serve();
    await within(new Promise((resolve) => call.once('data', resolve)), 'the first message');

    expect(await within(test.client.unary().ended, 'another call')).toMatchObject({ code: StatusCode.OK });
    call.cancel();
    await within(ended, 'the end of the stream');
    await within(test.server.stop(60_000), 'the end of the handler');
    expect(stopped).toBe(true);
  });
});

describe('writes that nobody awaits, to a client that does not read', () => {
  it('end when 16 MiB wait', async () => {
    const refused = deferred<unknown>();
    const servicer = kindsServicer({
      async chat(_requests, context) {
        const writes = Array.from({ length: 400 }, () => context.write({ blob: Buffer.alloc(64 * 1024) }));
        await Promise.all(writes).catch(refused.resolve);
      },
    });
    await using test = await startTestServer({ controllers: [servicer] });
    const { call } = test.client.chat();
    call.pause();
    expect(await within(refused.promise, 'the refusal')).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED });
  });
});

describe('unwrap()', () => {
  it('gives grpc-js’ server, and a service added to it is served', async () => {
    await using test = await startTestServer({ controllers: [kindsServicer({})] });
    const core = test.app.get(GrpcServer).unwrap<grpc.Server>();
    core.addService(
      { name: OddService.name },
      { name: (call: any, callback: any) => callback(null, item({ text: call.request.text })) },
    );

    const text = await within(
      new Promise((resolve, reject) =>
        test.client.channel.makeUnaryRequest(
          OddService.name.path,
          KindsService.unary.requestSerialize,
          KindsService.unary.responseDeserialize,
          item({ text: 'hi' }),
          (error, response) => (error === null ? resolve(response?.text) : reject(error)),
        ),
      ),
      'its response',
    );
    expect(text).toBe('hi');
  });
});
