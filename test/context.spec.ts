import { constants } from 'node:http2';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  CallAbortedError,
  EOF,
  EofError,
  InvalidMetadataError,
  Metadata,
  StatusCode,
  StatusError,
  UsageError,
  type ServicerContext,
} from 'nestjs-servicer';
import { deferred, settle, until, within } from './support/deferred.js';
import { kindsServicer, type ItemContext, type KindsHandlers } from './support/kinds-servicer.js';
import { processEvents } from './support/process-events.js';
import { item, RawKinds } from './support/raw-kinds.js';
import { RawHttp2 } from './support/raw-http2.js';
import { drain } from './support/stuck-forms.js';
import { startTestServer } from './support/test-server.js';

type Rpc = 'unary' | 'serve' | 'collect' | 'chat';
const RPCS: readonly Rpc[] = ['unary', 'serve', 'collect', 'chat'];

/** Handlers of all four kinds that do the same. */
function all(work: (context: ServicerContext) => unknown): KindsHandlers {
  const once = async (_request: unknown, context: ServicerContext): Promise<unknown> => work(context);
  return { unary: once, serve: once, collect: once, chat: once };
}

/** A call of any kind with one request. */
async function callOf(client: RawHttp2, rpc: Rpc, headers = {}) {
  const call = client.open(rpc, headers).read().send().end();
  return { ...(await within(call.ended, 'the end of the call')), responses: call.responses };
}

/** What a handler of a unary call saw. */
async function seenBy<T>(look: (context: ServicerContext) => T, headers = {}): Promise<T> {
  const seen = deferred<T>();
  await using test = await startTestServer({
    controllers: [
      kindsServicer({
        async unary(_request, context) {
          seen.resolve(look(context));
          return {};
        },
      }),
    ],
  });
  using client = await RawHttp2.connect(test.address);
  await callOf(client, 'unary', headers);
  return await seen.promise;
}

describe('W1 invocationMetadata()', () => {
  it('has every pair that the client sent, in order, and nothing of the transport’s own', async () => {
    const pairs = await seenBy((context) => [...context.invocationMetadata()], {
      'user-agent': 'tests/1.0',
      'grpc-timeout': '10S',
      'grpc-accept-encoding': 'identity',
      first: ['1', '2'],
      second: 'x',
      'first-bin': [Buffer.from([0, 1, 255]).toString('base64'), Buffer.from('two').toString('base64')],
    });
    expect(pairs).toEqual([
      ['user-agent', 'tests/1.0'],
      ['first', '1'],
      ['first', '2'],
      ['second', 'x'],
      ['first-bin', Buffer.from([0, 1, 255])],
      ['first-bin', Buffer.from('two')],
    ]);
  });

  it('takes several values of a -bin key in one header', async () => {
    const value = `${Buffer.from('one').toString('base64')},${Buffer.from('two').toString('base64url')}`;
    const values = await seenBy((context) => context.invocationMetadata().getAll('key-bin'), { 'key-bin': value });
    expect(values).toEqual([Buffer.from('one'), Buffer.from('two')]);
  });

  it('is the same each time, and read-only', async () => {
    const [same, message] = await seenBy((context) => {
      const metadata = context.invocationMetadata();
      let message = '';
      try {
        metadata.set('key', 'mine');
      } catch (error) {
        message = (error as Error).message;
      }
      return [context.invocationMetadata() === metadata, message];
    });
    expect(same).toBe(true);
    expect(message).toMatch(/read-only/);
  });
});

describe('W2 peer()', () => {
  it('names an IPv4 client as grpcio does', async () => {
    const seen = deferred<string>();
    await using test = await startTestServer({
      controllers: [kindsServicer(all((context) => seen.resolve(context.peer())))],
    });
    using client = await RawHttp2.connect(test.address);
    await callOf(client, 'unary');
    expect(await seen.promise).toBe(`ipv4:127.0.0.1:${client.socket.localPort}`);
  });
});

describe('W2 peer() over IPv6', () => {
  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

  it('names the client with brackets', async (context) => {
    context.skip(!hasIpv6, 'this machine has no IPv6');
    const seen = deferred<string>();
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: async (_request, call) => (seen.resolve(call.peer()), {}) })],
      options: { listen: '[::1]:0' },
    });
    const client = new RawKinds(`[::1]:${test.server.ports[0] ?? 0}`);
    expect(await within(client.unary().ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
    client.close();
    expect(await seen.promise).toMatch(/^ipv6:\[::1\]:\d+$/);
  });
});

describe('W5 sendInitialMetadata()', () => {
  it('arrives at once, before any message', async () => {
    const release = deferred();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            context.sendInitialMetadata([
              ['key', 'a'],
              ['key', 'b'],
              ['key-bin', Buffer.from([0, 255])],
            ]);
            await release.promise;
            return {};
          },
        }),
      ],
    });
    const { initialMetadata, ended } = test.client.unary();
    const metadata = await within(initialMetadata, 'the initial metadata');
    expect(metadata.get('key')).toEqual(['a, b']);
    expect(metadata.get('key-bin')).toEqual([Buffer.from([0, 255])]);
    release.resolve();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
  });

  it.each<[string, (context: ItemContext) => unknown, new (...args: never[]) => Error]>([
    ['twice', (context) => context.sendInitialMetadata({ key: 'first' }), UsageError],
    ['after a message', (context) => context.write({}), UsageError],
    ['after cancel()', (context) => context.cancel(), StatusError],
    ['after a swallowed abort()', (context) => swallowed(() => context.abort(StatusCode.ABORTED)), UsageError],
  ])('%s is refused', async (_when, before, type) => {
    const thrown = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async chat(_requests, context) {
            await before(context);
            try {
              context.sendInitialMetadata({ key: 'late' });
              thrown.resolve(undefined);
            } catch (error) {
              thrown.resolve(error);
            }
          },
        }),
      ],
    });
    const { ended } = test.client.chat();
    expect(await within(thrown.promise, 'the refusal')).toBeInstanceOf(type);
    await within(ended, 'the end of the call');
  });

  it('after the client has cancelled is refused with what ended the call', async () => {
    const entered = deferred();
    const thrown = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            entered.resolve();
            await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
            thrown.resolve(swallowed(() => context.sendInitialMetadata({})));
          },
        }),
      ],
    });
    const { call } = test.client.unary();
    await within(entered.promise, 'the handler');
    call.cancel();
    expect(await within(thrown.promise, 'the refusal')).toMatchObject({ reason: 'client' });
  });

  it('what cannot travel is refused, and the call goes on', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            expect(() => context.sendInitialMetadata({ 'not a key': '' })).toThrow(InvalidMetadataError);
            context.sendInitialMetadata({ key: 'value' });
            return {};
          },
        }),
      ],
    });
    const { initialMetadata, ended } = test.client.unary();
    expect((await initialMetadata).get('key')).toEqual(['value']);
    expect(await ended).toMatchObject({ code: StatusCode.OK });
  });
});

describe('W6 setTrailingMetadata()', () => {
  it.each(RPCS)('%s: the last one set travels with the status', async (rpc) => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) => {
            expect(context.trailingMetadata()).toBeUndefined();
            context.setTrailingMetadata({ first: '1' });
            const given = new Metadata({ second: ['2', '3'], 'second-bin': Buffer.from([0, 255]) });
            context.setTrailingMetadata(given);
            given.set('second', 'changed too late');
            expect(context.trailingMetadata()?.getAll('second')).toEqual(['2', '3']);
            expect(() => context.setTrailingMetadata({ 'not a key': '' })).toThrow(InvalidMetadataError);
            return rpc === 'unary' || rpc === 'collect' ? {} : undefined;
          }),
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const { code, headers } = await callOf(client, rpc);
    expect([code, headers.first, headers.second, headers['second-bin']]).toEqual([
      StatusCode.OK,
      undefined,
      '2, 3',
      Buffer.from([0, 255]).toString('base64'),
    ]);
  });
});

describe('metadata that HTTP/2 gives a meaning', () => {
  const names = Object.entries(constants)
    .filter(([constant, name]) => constant.startsWith('HTTP2_HEADER_') && !String(name).startsWith(':'))
    .map(([, name]) => String(name));

  it('two values of any name arrive or are refused, in initial and in trailing metadata', async () => {
    expect(names.length).toBeGreaterThan(70);
    const refused: string[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary({ text: name }, context) {
            const twice: [string, string][] = [
              [name, 'a'],
              [name, 'b'],
            ];
            try {
              context.setTrailingMetadata(twice);
            } catch (error) {
              expect(error).toBeInstanceOf(InvalidMetadataError);
              refused.push(name);
              return {};
            }
            context.sendInitialMetadata(twice);
            return {};
          },
          async *serve({ text: name }) {
            const trailingMetadata = new Metadata([
              [name, 'a'],
              [name, 'b'],
            ]);
            throw new StatusError(StatusCode.ABORTED, 'trailers only', { trailingMetadata });
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    for (const name of names) {
      const call = client.open('unary').read().send({ text: name }).end();
      const { code, headers } = await within(call.ended, `the end of the call with ${name}`);
      expect([name, code]).toEqual([name, StatusCode.OK]);
      if (refused.includes(name)) continue;
      const both = name === 'set-cookie' ? ['a', 'b'] : expect.stringMatching(/^a[,;] ?b$/);
      expect([name, (await call.initialMetadata)[name], headers[name]]).toEqual([name, both, both]);
      const failed = client.open('serve').read().send({ text: name }).end();
      expect([name, (await within(failed.ended, `the failure with ${name}`)).code]).toEqual([name, StatusCode.ABORTED]);
    }
    expect(refused).toContain('connection');
    expect(refused).not.toContain('authorization');
  });
});

describe('W7 abort()', () => {
  it.each(RPCS)('%s: ends the call with its status; what was set before is superseded, or kept', async (rpc) => {
    const thrown = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) => {
            context.sendInitialMetadata({ initial: 'kept' });
            context.setTrailingMetadata({ trailing: 'kept' });
            context.setCode(StatusCode.NOT_FOUND);
            context.setDetails('superseded');
            thrown.resolve(swallowed(() => context.abort(StatusCode.ABORTED, 'aborted')));
            throw new Error('never reported');
          }),
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open(rpc).read().send().end();
    expect((await call.initialMetadata).initial).toBe('kept');
    expect(await call.ended).toMatchObject({
      code: StatusCode.ABORTED,
      details: 'aborted',
      headers: { trailing: 'kept' },
    });
    expect(await thrown.promise).toBeInstanceOf(CallAbortedError);
  });

  it.each(RPCS)('%s: stands though what it throws is swallowed', async (rpc) => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) => {
            swallowed(() => context.abort(StatusCode.ABORTED, 'aborted'));
            expect(context.isActive()).toBe(false);
            return rpc === 'unary' || rpc === 'collect' ? { text: 'dropped' } : undefined;
          }),
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const { code, details, responses } = await callOf(client, rpc);
    expect([code, details, responses]).toEqual([StatusCode.ABORTED, 'aborted', []]);
    await test.server.stop(60_000);
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('is not logged', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          ...all((context) => context.abort(StatusCode.INTERNAL, 'aborted')),
          async *serve(_request, context) {
            yield {};
            context.abort(StatusCode.INTERNAL, 'aborted');
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    for (const rpc of RPCS)
      expect(await callOf(client, rpc)).toMatchObject({ code: StatusCode.INTERNAL, details: 'aborted' });
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('in mid-stream: earlier messages arrive', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async *serve(_request, context) {
            yield { count: 1 };
            context.abort(StatusCode.ABORTED, 'aborted', { trailing: 'given' });
          },
        }),
      ],
    });
    const { ended, responses } = test.client.serve();
    const { code, trailers } = await ended;
    expect([code, trailers.get('trailing')]).toEqual([StatusCode.ABORTED, ['given']]);
    expect(await responses).toEqual([item({ count: 1 })]);
  });

  it.each([
    ['OK is UNKNOWN without details', StatusCode.OK, 'fine', StatusCode.UNKNOWN, ''],
    ['a number that is no code is UNKNOWN with its details', 99 as StatusCode, 'odd', StatusCode.UNKNOWN, 'odd'],
    ['a second one is a UsageError and changes nothing', StatusCode.ABORTED, 'first', StatusCode.ABORTED, 'first'],
  ])('%s', async (_what, code, details, sent, sentDetails) => {
    const second = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) => {
            swallowed(() => context.abort(code, details));
            second.resolve(swallowed(() => context.abort(StatusCode.DATA_LOSS, 'second')));
            return {};
          }),
        ),
      ],
    });
    expect(await test.client.unary().ended).toMatchObject({ code: sent, details: sentDetails });
    expect(await second.promise).toBeInstanceOf(UsageError);
    expect(await second.promise).toMatchObject({ message: 'Abort already called!' });
  });

  it('W8 abortWithStatus() takes a status in one piece', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) =>
            context.abortWithStatus({
              code: StatusCode.DATA_LOSS,
              details: 'in one piece',
              trailingMetadata: new Metadata({ trailing: 'given' }),
            }),
          ),
        ),
      ],
    });
    const { code, details, trailers } = await test.client.unary().ended;
    expect([code, details, trailers.get('trailing')]).toEqual([StatusCode.DATA_LOSS, 'in one piece', ['given']]);
  });
});

describe('W9 setCode() and setDetails()', () => {
  it('nothing is set before, and what is set can be read', async () => {
    const seen = await seenBy((context) => {
      const before = [context.code(), context.details()];
      context.setCode(StatusCode.OK);
      context.setDetails('all is well');
      return [...before, context.code(), context.details()];
    });
    expect(seen).toEqual([undefined, undefined, StatusCode.OK, 'all is well']);
  });

  it.each(RPCS)('%s: with a code that is an error what is returned is dropped', async (rpc) => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) => {
            context.setCode(StatusCode.FAILED_PRECONDITION);
            context.setDetails('not now');
            return rpc === 'unary' || rpc === 'collect' ? { text: 'dropped' } : undefined;
          }),
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const { code, details, responses } = await callOf(client, rpc);
    expect([code, details, responses]).toEqual([StatusCode.FAILED_PRECONDITION, 'not now', []]);
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('W11 so a handler that returns nothing is no mistake', async () => {
    await using test = await startTestServer({
      controllers: [kindsServicer(all((context) => context.setCode(StatusCode.NOT_FOUND)))],
    });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.NOT_FOUND, details: '' });
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('a stream keeps what it has sent', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async *serve(_request, context) {
            yield { count: 1 };
            context.setCode(StatusCode.OUT_OF_RANGE);
          },
        }),
      ],
    });
    const { ended, responses } = test.client.serve();
    expect(await ended).toMatchObject({ code: StatusCode.OUT_OF_RANGE });
    expect(await responses).toEqual([item({ count: 1 })]);
  });

  it.each<[string, (context: ServicerContext) => void, unknown]>([
    [
      'code and details are kept',
      (context) => {
        context.setCode(StatusCode.NOT_FOUND);
        context.setDetails('gone');
      },
      { code: 5, details: 'gone' },
    ],
    [
      'a code alone is kept',
      (context) => context.setCode(StatusCode.NOT_FOUND),
      { code: 5, details: 'Exception calling application' },
    ],
    ['OK is not', (context) => context.setCode(StatusCode.OK), { code: 2, details: 'Exception calling application' }],
    ['details alone are kept', (context) => context.setDetails('oh'), { code: 2, details: 'oh' }],
  ])('then an unexpected error: %s', async (_what, set, expected) => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) => {
            set(context);
            throw new Error('boom');
          }),
        ),
      ],
    });
    expect(await test.client.unary().ended).toMatchObject(expected as object);
    expect(test.logger.messages('error')).toEqual(['boom']);
  });

  it('then a status that is meant: it replaces them, and the trailing metadata of both is sent', async () => {
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) => {
            context.setCode(StatusCode.NOT_FOUND);
            context.setDetails('gone');
            context.setTrailingMetadata({ of: 'the context' });
            throw new StatusError(StatusCode.ABORTED, 'meant', { trailingMetadata: { by: 'the error' } });
          }),
        ),
      ],
    });
    const { code, details, trailers } = await test.client.unary().ended;
    expect([code, details]).toEqual([StatusCode.ABORTED, 'meant']);
    expect([trailers.get('of'), trailers.get('by')]).toEqual([['the context'], ['the error']]);
  });

  it('a number that is no code is a UsageError', async () => {
    const error = await seenBy((context) => swallowed(() => context.setCode(17 as StatusCode)));
    expect(error).toBeInstanceOf(UsageError);
  });
});

describe('W14 timeRemainingMs()', () => {
  it('is null without a deadline', async () => {
    expect(await seenBy((context) => context.timeRemainingMs())).toBeNull();
  });

  it.each([
    ['90S', 90_000],
    ['2M', 120_000],
    ['1H', 3_600_000],
    ['45000m', 45_000],
    ['60000000u', 60_000],
  ])('%s: is what is left of it', async (timeout, ms) => {
    const leftMs = await seenBy((context) => context.timeRemainingMs(), { 'grpc-timeout': timeout });
    expect(leftMs).toBeLessThanOrEqual(ms);
    // however slow the machine
    expect(leftMs).toBeGreaterThan(ms - 20_000);
  });

  it('is never negative', async () => {
    const seen = deferred<unknown>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all(async (context) => {
            await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
            const endsAt = performance.now() + 20;
            while (performance.now() < endsAt);
            seen.resolve(context.timeRemainingMs());
          }),
        ),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    await callOf(client, 'unary', { 'grpc-timeout': '10m' });
    expect(await within(seen.promise, 'the deadline')).toBe(0);
  });
});

describe('W15 isActive()', () => {
  it('until a status is sent or the call is cancelled', async () => {
    const contexts: ServicerContext[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          all((context) => {
            contexts.push(context);
            expect(context.isActive()).toBe(true);
            return {};
          }),
        ),
      ],
    });
    expect(await test.client.unary().ended).toMatchObject({ code: StatusCode.OK });
    expect(contexts.map((context) => context.isActive())).toEqual([false]);
  });
});

describe('W16 read() and write()', () => {
  const chatting = (chat: KindsHandlers['chat'] & object) =>
    startTestServer({ controllers: [kindsServicer({ chat })] });

  it('read() gives EOF once the requests have ended, again and again; receive() throws', async () => {
    const seen = deferred<unknown[]>();
    await using test = await chatting(async (_requests, context) => {
      const reads = [await context.read(), await context.read(), await context.read()];
      seen.resolve([...reads, await context.receive().catch((error: unknown) => error)]);
    });
    const { call } = test.client.chat();
    call.write(item({ count: 1 }));
    call.end();
    expect(await seen.promise).toEqual([expect.objectContaining({ count: 1 }), EOF, EOF, expect.any(EofError)]);
  });

  it('two reads at a time are a UsageError', async () => {
    const seen = deferred<unknown>();
    await using test = await chatting(async (_requests, context) => {
      const first = context.read();
      await context.read().catch(seen.resolve);
      await first;
    });
    const { call, ended } = test.client.chat();
    expect(await within(seen.promise, 'the refusal')).toBeInstanceOf(UsageError);
    call.end();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
  });

  it('iterating and reading one call is a UsageError', async () => {
    const seen = deferred<unknown[]>();
    await using test = await chatting(async (requests, context) => {
      const first = await context.read();
      seen.resolve([first, await drain(requests).catch((error: unknown) => error)]);
    });
    const { call } = test.client.chat();
    call.write(item());
    const [first, error] = await within(seen.promise, 'the refusal');
    expect(first).toMatchObject({ count: 0 });
    expect(error).toBeInstanceOf(UsageError);
    call.end();
  });

  it('writes that do not wait for each other arrive in order', async () => {
    await using test = await chatting(async (_requests, context) => {
      await Promise.all(Array.from({ length: 1_000 }, (_, count) => context.write({ count })));
    });
    const { responses } = test.client.chat();
    expect((await responses).map(({ count }) => count)).toEqual(Array.from({ length: 1_000 }, (_, count) => count));
  });

  it('a write or a read after the status is a UsageError', async () => {
    const seen = deferred<unknown[]>();
    await using test = await chatting(async (_requests, context) => {
      swallowed(() => context.abort(StatusCode.ABORTED));
      seen.resolve(
        await Promise.all(
          [context.write({}), context.read(), context.receive()].map((late) => late.catch((error: unknown) => error)),
        ),
      );
    });
    test.client.chat();
    const errors = await within(seen.promise, 'the refusals');
    expect(errors).toEqual([expect.any(UsageError), expect.any(UsageError), expect.any(UsageError)]);
  });

  it('read() of a call with one request, and write() of one with one response, are UsageErrors', async () => {
    const seen: unknown[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async serve(_request, context) {
            seen.push(await context.read().catch((error: unknown) => error));
          },
          async collect(_requests, context) {
            seen.push(await context.write({}).catch((error: unknown) => error));
            return {};
          },
        }),
      ],
    });
    await test.client.serve().ended;
    await test.client.collect().ended;
    expect(seen).toEqual([expect.any(UsageError), expect.any(UsageError)]);
  });

  it('promises that are left alone raise nothing', async () => {
    const rejections = await processEvents('unhandledRejection', async () => {
      await using test = await chatting(async (_requests, context) => {
        void context.read();
        void context.receive();
        swallowed(() => context.abort(StatusCode.ABORTED));
        void context.write({});
      });
      await within(test.client.chat().ended, 'the end of the call');
      await settle();
    });
    expect(rejections).toEqual([]);
  });
});

describe('W18 the requests after the servicer’s own status', () => {
  it('end, so that a reader that is left over raises nothing', async () => {
    const ends: unknown[] = [];
    const rejections = await processEvents('unhandledRejection', async () => {
      await using test = await startTestServer({
        controllers: [
          kindsServicer({
            async chat(requests) {
              // goes on reading beside the handler
              void drain(requests).then((count) => ends.push(count));
            },
            async collect(requests, context) {
              requests.subscribe({ complete: () => ends.push('complete'), error: (error) => ends.push(error) });
              context.abort(StatusCode.ABORTED);
            },
          }),
        ],
      });
      expect(await within(test.client.chat().ended, 'the end of the call')).toMatchObject({ code: StatusCode.OK });
      expect(await within(test.client.collect().ended, 'the end')).toMatchObject({ code: StatusCode.ABORTED });
      await until(() => ends.length === 2, 'the end of both readers');
      await settle();
    });
    expect(ends).toEqual([0, 'complete']);
    expect(rejections).toEqual([]);
  });
});

/** What work throws. */
function swallowed(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
