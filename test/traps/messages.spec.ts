import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { StatusCode, StatusError, UsageError } from 'nestjs-servicer';
import { withCodecs } from '../../framework/src/schema/with-codecs.js';
import { Kinds } from '../gen/kinds_pb.js';
import { KindsService } from '../gen/ts-proto/kinds.js';
import { deferred } from '../support/deferred.js';
import { kindsServicer } from '../support/kinds-servicer.js';
import { item } from '../support/raw-kinds.js';
import { RawHttp2 } from '../support/raw-http2.js';
import { startRawServer } from '../support/raw-server.js';
import { startTestServer } from '../support/test-server.js';

/** A plain server of one method, with codecs of its own. */
async function startRawUnary(codecs: Partial<grpc.MethodDefinition<unknown, unknown>>, answer: unknown) {
  const test = await startRawServer({});
  test.core.removeService(KindsService);
  test.core.addService(
    { unary: { ...KindsService.unary, ...codecs } as never },
    {
      unary: (_call: unknown, callback: grpc.sendUnaryData<unknown>) => callback(null, answer),
    },
  );
  return test;
}

const raise = (thrown: unknown): never => {
  throw thrown;
};

describe('T15 a request that is falsy', () => {
  const FALSY = [
    ["''", ''],
    ['0', 0],
    ['false', false],
    ['null', null],
  ] as const;

  it.each(FALSY)('control: raw grpc-js takes %s for none', async (_what, value) => {
    await using test = await startRawUnary({ requestDeserialize: () => value }, item());
    expect(await test.client.unary().ended).toMatchObject({ code: grpc.status.UNIMPLEMENTED });
  });

  it.each(FALSY)('T15 ours takes %s for what it is', async (_what, value) => {
    const request = { encode: () => Buffer.alloc(0), decode: () => value };
    const source = withCodecs(Kinds, { unary: { request }, collect: { request } });
    const seen: unknown[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async unary(decoded) {
              seen.push(decoded);
              return {};
            },
            async collect(requests) {
              for await (const decoded of requests) seen.push(decoded);
              return {};
            },
          },
          { source },
        ),
      ],
    });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.OK });
    const stream = test.client.collect();
    stream.call.write(item());
    stream.call.end();
    expect(await stream.ended).toMatchObject({ code: StatusCode.OK });
    expect(seen).toEqual([value, value]);
  });
});

describe('T32 an encoder that gives a Uint8Array', () => {
  const responseSerialize = (value: never): Uint8Array => new Uint8Array(KindsService.unary.responseSerialize(value));

  it('control: raw grpc-js fails on it', async () => {
    await using test = await startRawUnary({ responseSerialize: responseSerialize as never }, item({ count: 7 }));
    expect(await test.client.unary().ended).toMatchObject({
      code: grpc.status.INTERNAL,
      details: 'Error serializing response',
    });
  });

  it('T32 ours sends it', async () => {
    const source = {
      ...KindsService,
      unary: { ...KindsService.unary, responseSerialize },
      serve: { ...KindsService.serve, responseSerialize },
    };
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            unary: async () => item({ count: 7 }),
            async *serve() {
              yield item({ count: 8 });
            },
          },
          { source },
        ),
      ],
    });
    expect(await test.client.unary().responses).toEqual([item({ count: 7 })]);
    expect(await test.client.serve().responses).toEqual([item({ count: 8 })]);
  });
});

describe('T24 initial metadata sent twice', () => {
  const metadata = (text: string): grpc.Metadata => {
    const metadata = new grpc.Metadata();
    metadata.set('which', text);
    return metadata;
  };

  it('control: raw grpc-js drops the second without a word', async () => {
    await using test = await startRawServer({
      serve(call) {
        call.sendMetadata(metadata('first'));
        call.sendMetadata(metadata('second'));
        call.end();
      },
    });
    const { initialMetadata, ended } = test.client.serve();
    expect((await initialMetadata).get('which')).toEqual(['first']);
    expect(await ended).toMatchObject({ code: grpc.status.OK });
  });

  it('T24 ours says so', async () => {
    const errors: unknown[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async *serve(_request, context) {
            context.sendInitialMetadata({ which: 'first' });
            try {
              context.sendInitialMetadata({ which: 'second' });
            } catch (error) {
              errors.push(error);
            }
            yield {};
          },
        }),
      ],
    });
    const { initialMetadata, ended } = test.client.serve();
    expect((await initialMetadata).get('which')).toEqual(['first']);
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    expect(errors).toEqual([expect.any(UsageError)]);
    expect(errors).toMatchObject([{ message: expect.stringContaining('sent already') as string }]);
  });
});

describe('T25 details that cannot travel as they are', () => {
  const LONE_SURROGATE = 'half of 😀: \ud83d';

  it('control: raw grpc-js throws over a lone surrogate, and its client learns of another error', async () => {
    await using test = await startRawServer({
      unary: (_call, callback) => callback({ code: grpc.status.NOT_FOUND, details: LONE_SURROGATE }),
    });
    expect(await test.client.unary().ended).toMatchObject({ code: grpc.status.UNKNOWN, details: 'Unknown error' });
  });

  it('control: raw grpc-js sends "undefined" where there are none', async () => {
    const tap: grpc.ServerInterceptor = (_method, call) => {
      call.start({
        onReceiveMetadata: () => call.sendStatus({ code: grpc.status.NOT_FOUND, details: undefined as never }),
        onReceiveMessage: () => {},
        onReceiveHalfClose: () => {},
        onCancel: () => {},
      });
      return new grpc.ServerInterceptingCall(call, { start: () => {} });
    };
    await using test = await startRawServer({ unary: () => {} }, { interceptors: [tap] });
    expect(await test.client.unary().ended).toMatchObject({ code: grpc.status.NOT_FOUND, details: 'undefined' });
  });

  it.each<[string, (text: string) => unknown]>([
    ['StatusError', (text) => Promise.reject(new StatusError(StatusCode.NOT_FOUND, text))],
    ['a plain object', async (text) => raise({ code: StatusCode.NOT_FOUND, details: text })],
  ])('T25 ours replaces the half in %s', async (_what, unary) => {
    await using test = await startTestServer({ controllers: [kindsServicer({ unary: () => unary(LONE_SURROGATE) })] });
    expect(await test.client.unary().ended).toMatchObject({
      code: StatusCode.NOT_FOUND,
      details: 'half of 😀: \ufffd',
    });
  });

  it('T25 in setDetails(), abort() and cancel() too', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(request, context) {
            if (request.text === 'abort') context.abort(StatusCode.ABORTED, LONE_SURROGATE);
            if (request.text === 'cancel') {
              context.cancel(LONE_SURROGATE);
              return;
            }
            context.setCode(StatusCode.DATA_LOSS);
            context.setDetails(LONE_SURROGATE);
          },
        }),
      ],
    });
    for (const text of ['abort', 'cancel', 'set']) {
      expect(await test.client.unary({ text }).ended).toMatchObject({ details: 'half of 😀: \ufffd' });
    }
  });

  it('T25 ours sends nothing where there are none', async () => {
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: async () => raise({ code: StatusCode.NOT_FOUND }) })],
    });
    using client = await RawHttp2.connect(test.address);
    const { code, details } = await client.open('unary').send().end().read().ended;
    expect([code, details]).toEqual([StatusCode.NOT_FOUND, '']);
  });
});

describe('T40 W19 the number of requests of a unary call', () => {
  const COUNTS = [
    ['none', 0],
    ['two', 2],
    ['three', 3],
  ] as const;
  const rpcs = ['unary', 'serve'] as const;

  it.each(rpcs.flatMap((rpc) => COUNTS.map(([what, count]) => [rpc, what, count] as const)))(
    '%s: %s is UNIMPLEMENTED, in raw grpc-js and ours, and no handler runs',
    async (rpc, _what, count) => {
      let calls = 0;
      const handler = (): void => void (calls += 1);
      await using raw = await startRawServer({ unary: handler, serve: handler });
      await using ours = await startTestServer({ controllers: [kindsServicer({ unary: handler, serve: handler })] });
      for (const { address } of [raw, ours]) {
        using client = await RawHttp2.connect(address);
        const call = client.open(rpc).read();
        for (let n = 0; n < count; n++) call.send();
        expect(await call.end().ended).toMatchObject({ code: StatusCode.UNIMPLEMENTED });
      }
      expect(calls).toBe(0);
      await ours.server.stop(60_000);
      expect(ours.logger.messages('error')).toEqual([]);
    },
  );

  it('W19 a second request that comes while the handler runs cannot: it runs once the requests have ended', async () => {
    const entered = deferred();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary() {
            entered.resolve();
            return {};
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('unary').read().send();
    await new Promise((resolve) => client.session.ping(resolve));
    call.send().end();
    expect(await call.ended).toMatchObject({ code: StatusCode.UNIMPLEMENTED });
  });
});
