import * as http2 from 'node:http2';
import { duplexPair, type Duplex } from 'node:stream';
import type { INestMicroservice } from '@nestjs/common';
import { StatusCode, UsageError, type ServicerContext } from 'nestjs-servicer';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KindsService } from './gen/ts-proto/kinds.js';
import { deferred, settle, within } from './support/deferred.js';
import { FakeClock } from './support/fake-clock.js';
import { kindsServicer, type ItemContext, type Items } from './support/kinds-servicer.js';
import { RawHttp2Call } from './support/raw-http2.js';
import { Seen } from './support/seen.js';
import { startTestServer, type TestServer } from './support/test-server.js';

const NO_PORT = { listen: [] };

/** A client of the server in its own process: no port, no socket. */
class InProcessClient {
  readonly session: http2.ClientHttp2Session;

  constructor(readonly end: Duplex) {
    this.session = http2.connect('http://in-process', { createConnection: () => end });
    this.session.on('error', () => undefined);
    // not the session: Node 24 asserts when that says goodbye to a stream that has begun to end
    onTestFinished(() => void this.end.destroy());
  }

  call(rpc: keyof typeof KindsService): RawHttp2Call {
    const headers = {
      ':method': 'POST',
      ':path': KindsService[rpc].path,
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    return new RawHttp2Call(this.session.request(headers)).read();
  }
}

function connect({ server }: TestServer): InProcessClient {
  const [ours, theirs] = duplexPair();
  server.accept(ours);
  return new InProcessClient(theirs);
}

const OK = { code: StatusCode.OK };

describe('a server without a port', () => {
  it('serves every kind of call over connections that are handed to it', async () => {
    const controllers = [
      kindsServicer({
        unary: ({ text }) => ({ text: `hi ${text}` }),
        serve: async function* ({ count }) {
          for (let at = 0; at < count; at++) yield { count: at };
        },
        collect: async (requests: Items) => {
          let count = 0;
          for await (const request of requests as AsyncIterable<{ count: number }>) count += request.count;
          return { count };
        },
        chat: async function* (requests: Items) {
          for await (const { text } of requests as AsyncIterable<{ text: string }>) yield { text };
        },
      }),
    ];
    await using test = await startTestServer({ controllers, options: NO_PORT });
    expect(test.server.ports).toEqual([]);
    const client = connect(test);

    const unary = client.call('unary').send({ text: 'Ada' }).end();
    const serve = client.call('serve').send({ count: 2 }).end();
    const collect = client.call('collect').send({ count: 1 }).send({ count: 2 }).end();
    const chat = client.call('chat').send({ text: 'a' }).send({ text: 'b' }).end();
    for (const { ended } of [unary, serve, collect, chat]) expect(await within(ended, 'a call')).toMatchObject(OK);
    expect(unary.responses).toMatchObject([{ text: 'hi Ada' }]);
    expect(serve.responses).toMatchObject([{ count: 0 }, { count: 1 }]);
    expect(collect.responses).toMatchObject([{ count: 3 }]);
    expect(chat.responses).toMatchObject([{ text: 'a' }, { text: 'b' }]);
  });

  it('serves several connections, and names their clients', async () => {
    const unary = (_request: unknown, context: ServicerContext) => ({ text: context.peer() });
    await using test = await startTestServer({ controllers: [kindsServicer({ unary })], options: NO_PORT });
    const calls = [connect(test), connect(test)].map((client) => client.call('unary').send().end());
    for (const { ended } of calls) expect(await within(ended, 'a call')).toMatchObject(OK);

    expect(calls.map(({ responses }) => responses[0]?.text)).toEqual(['in-process', 'in-process']);
  });

  it('takes a response that is larger than what a stream holds', async () => {
    const blob = Buffer.alloc(2 ** 20, 7);
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: () => ({ blob }) })],
      options: NO_PORT,
    });
    const call = connect(test).call('unary').send().end();

    expect(await within(call.ended, 'a call')).toMatchObject(OK);
    expect(call.responses[0]?.blob.equals(blob)).toBe(true);
  });

  it('tells a call when the other end is gone', async () => {
    const seen = new Seen();
    const chat = (_requests: unknown, context: ItemContext) => seen.stay(context);
    await using test = await startTestServer({ controllers: [kindsServicer({ chat })], options: NO_PORT });
    const client = connect(test);
    client.call('chat');
    await within(seen.entered.promise, 'the call');
    client.session.destroy();

    await within(seen.aborted.promise, 'the abort');
    await within(seen.settled.promise, 'the end of the handler');
  });

  it('S2-9 ends also when the other end broke off in the middle of a request', async () => {
    const entered = deferred();
    const chat = async (_requests: unknown, context: ItemContext) => {
      entered.resolve();
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    };
    await using test = await startTestServer({ controllers: [kindsServicer({ chat })], options: NO_PORT });
    const client = connect(test);
    const call = client.call('chat');
    // more than anybody reads
    for (let count = 0; count < 20; count++) call.send({ blob: Buffer.alloc(10_000) });
    await within(entered.promise, 'the call');
    await settle(20);
    client.end.destroy();
    await settle(20);

    // an error that nobody catches would fail the run
    await within(test.server.stop(null), 'the end of the server');
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('S2-9 ends what is left like any other server, and is over only when its connections are', async () => {
    const seen = new Seen();
    const chat = (_requests: unknown, context: ItemContext) => seen.stay(context);
    await using test = await startTestServer({ controllers: [kindsServicer({ chat })], options: NO_PORT });
    const [ours, theirs] = duplexPair();
    test.server.accept(ours);
    const call = new InProcessClient(theirs).call('chat');
    await within(seen.entered.promise, 'the call');
    await within(test.server.stop(null), 'the end of the server');

    expect(ours.destroyed).toBe(true);
    expect(await within(call.ended, 'the status')).toMatchObject({
      code: StatusCode.UNAVAILABLE,
      details: 'Cancelling all calls',
    });
    expect(await seen.aborted.promise).toMatchObject({ reason: 'shutdown' });
  });

  it('S2-9 is over only when every callback of a call has run, also where the client does not read', async () => {
    const [log, sent] = [[] as string[], deferred()];
    const serve = (_request: unknown, context: ItemContext) => {
      context.addCallback(() => log.push('callback'));
      void context.write({ blob: Buffer.alloc(2 ** 20) });
      sent.resolve();
    };
    const clock = new FakeClock();
    const prepare = (app: INestMicroservice) => app.on('terminated', () => log.push('terminated'));
    await using test = await startTestServer({
      controllers: [kindsServicer({ serve })],
      options: NO_PORT,
      clock,
      prepare,
    });
    connect(test).call('serve').send().end().stream.pause();
    await within(sent.promise, 'a response that does not fit');
    const stopped = test.server.stop(null);
    await settle(20);
    // the time to flush is over for the server, and not yet for grpc-js
    await clock.advance(200);
    await within(stopped, 'the end of the server');

    expect(log).toEqual(['callback', 'terminated']);
  });

  it('S2-9 does not wait for a connection on which nobody speaks', async () => {
    await using test = await startTestServer({ options: NO_PORT });
    const [ours] = duplexPair();
    test.server.accept(ours);
    await within(test.server.stop(60_000), 'the end of the server');

    expect(ours.destroyed).toBe(true);
  });

  it('takes no connection before it serves and after it stopped', async () => {
    await using test = await startTestServer({ options: { ...NO_PORT, autoStart: false } });
    expect(() => connect(test)).toThrow(
      new UsageError('The server is starting; it takes connections while it is serving'),
    );
    await test.server.start();
    connect(test);
    await within(test.server.stop(null), 'the end of the server');

    expect(() => connect(test)).toThrow(
      new UsageError('The server is terminated; it takes connections while it is serving'),
    );
  });

  it('may also listen', async () => {
    await using test = await startTestServer({ controllers: [kindsServicer({ unary: () => ({}) })] });

    expect(await within(test.client.unary().ended, 'a call over TCP')).toMatchObject(OK);
    expect(await within(connect(test).call('unary').send().end().ended, 'a call over no port')).toMatchObject(OK);
  });
});
