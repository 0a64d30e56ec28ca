import { once } from 'node:events';
import { createConnection } from 'node:net';
import { StatusCode, type ServicerContext } from 'nestjs-servicer';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deferred, settle, until, within } from './support/deferred.js';
import { FakeClock } from './support/fake-clock.js';
import { kindsServicer, type ItemContext } from './support/kinds-servicer.js';
import { RawHttp2 } from './support/raw-http2.js';
import { startRawServer } from './support/raw-server.js';
import { Seen } from './support/seen.js';
import { startTestServer } from './support/test-server.js';

/** Smaller than what the servicer has sent when it is stopped. */
const WINDOW_BYTES = 1_024;
const BLOB = { blob: Buffer.alloc(4_096) };

/**
 * Writes until the client's window is closed and what may wait behind it is full.
 *
 * @param cleaned what it waits for once it is told to end
 */
function writing(seen: Seen, cleaned = Promise.resolve()) {
  const stuck = deferred<ServicerContext>();
  const serve = async (_request: unknown, context: ItemContext) => {
    seen.enter(context);
    for (;;) {
      const written = context.write(BLOB);
      const isWritten = await Promise.race([written.then(() => true), settle(5).then(() => false)]);
      if (isWritten) continue;
      stuck.resolve(context);
      await seen.noting(written).finally(() => cleaned);
    }
  };
  return { controllers: [kindsServicer({ serve })], stuck: stuck.promise };
}

describe('stop does not wait', () => {
  it('S2-9 T20 for a call that is stuck behind a closed window of its client', async () => {
    const seen = new Seen();
    const { controllers, stuck } = writing(seen);
    await using test = await startTestServer({ controllers });
    using client = await RawHttp2.connect(test.address, { windowBytes: WINDOW_BYTES });
    const call = client.open('serve').send().end();
    await within(stuck, 'a full window');
    await within(test.server.stop(null), 'the end of the server');

    expect(await seen.aborted.promise).toMatchObject({ reason: 'shutdown' });
    expect(seen.counts).toMatchObject({ aborted: 1, callback: 1, finally: 1 });
    expect(await within(call.ended, 'the end of the stream')).toMatchObject({ code: undefined });
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('S2-10 T20 for a handler that has settled, and names none as stuck', async () => {
    const [clock, seen] = [new FakeClock(), new Seen()];
    const { controllers, stuck } = writing(seen);
    await using test = await startTestServer({ controllers, clock });
    using client = await RawHttp2.connect(test.address, { windowBytes: WINDOW_BYTES });
    client.open('serve').send().end();
    await within(stuck, 'a full window');
    const stopped = test.server.stop(null);
    await within(seen.settled.promise, 'the end of the handler');
    await settle(20);
    await clock.advance(60_000);
    await within(stopped, 'the end of the server');

    expect(test.logger.messages('error')).toEqual([]);
  });

  it('S2-9 T20 and lets such a client go even while the handler still cleans up', async () => {
    const [seen, cleaned] = [new Seen(), deferred()];
    const { controllers, stuck } = writing(seen, cleaned.promise);
    await using test = await startTestServer({ controllers });
    using client = await RawHttp2.connect(test.address, { windowBytes: WINDOW_BYTES });
    const call = client.open('serve').send().end();
    await within(stuck, 'a full window');
    const stopped = test.server.stop(null);
    expect(await within(call.ended, 'the end of the stream', 4_000)).toMatchObject({ code: undefined });
    expect(test.server.state).toBe('closing');

    cleaned.resolve();
    await within(stopped, 'the end of the server');
  });

  it('S2-9 T20 and is over only when every callback of a call has run', async () => {
    const [log, done] = [[] as string[], deferred()];
    const serve = (_request: unknown, context: ItemContext) => {
      context.addCallback(() => log.push('callback'));
      void context.write(BLOB);
      done.resolve();
    };
    await using test = await startTestServer({
      controllers: [kindsServicer({ serve })],
      prepare: (app) => app.on('terminated', () => log.push('terminated')),
    });
    using client = await RawHttp2.connect(test.address, { windowBytes: WINDOW_BYTES });
    client.open('serve').send().end();
    await within(done.promise, 'a response that does not fit');
    await within(test.server.stop(0), 'the end of the server');

    expect(log).toEqual(['callback', 'terminated']);
  });

  it('S2-9 T20 and gives a client that reads again the status first', async () => {
    const seen = new Seen();
    const { controllers, stuck } = writing(seen);
    await using test = await startTestServer({ controllers });
    using client = await RawHttp2.connect(test.address, { windowBytes: WINDOW_BYTES });
    const call = client.open('serve').send().end();
    await within(stuck, 'a full window');
    const stopped = test.server.stop(null);
    call.read();

    expect(await within(call.ended, 'the status')).toMatchObject({
      code: StatusCode.UNAVAILABLE,
      details: 'Cancelling all calls',
    });
    await within(stopped, 'the end of the server');
  });

  it('S2-9 T20 control: forceShutdown of grpc-js leaves such a call and its connection open', async () => {
    const entered = deferred();
    let cancelled = false;
    await using raw = await startRawServer(
      {
        serve: (call) => {
          call.on('cancelled', () => (cancelled = true));
          for (let count = 0; count < 100; count++) call.write({ text: '', count, big: 0, ...BLOB });
          entered.resolve();
        },
      },
      { 'grpc.enable_channelz': 0 },
    );
    using client = await RawHttp2.connect(raw.address, { windowBytes: WINDOW_BYTES });
    const call = client.open('serve').send().end();
    await within(entered.promise, 'the call');
    raw.core.forceShutdown();
    await settle();

    expect([cancelled, call.stream.closed, client.socket.destroyed]).toEqual([false, false, false]);
  });

  it.each([
    ['says nothing', ''],
    ['says half of HTTP/2’s first words', 'PRI * HTTP/2.0\r\n'],
    ['speaks another protocol', 'GET / HTTP/1.1\r\nHost: here\r\n\r\n'],
  ])('S2-9 for a client that %s', async (_what, words) => {
    await using test = await startTestServer({});
    const silent = createConnection(test.server.ports[0]!, '127.0.0.1');
    silent.on('error', () => undefined);
    onTestFinished(() => void silent.destroy());
    const closed = new Promise((resolve) => silent.once('close', resolve));
    await within(once(silent, 'connect'), 'connecting');
    silent.write(words);
    // another client's call, so that the first one has been taken in
    await within(test.client.unary().ended, 'a call');
    await within(test.server.stop(60_000), 'the end of the server');

    silent.resume();
    await within(closed, 'the end of the connection');
    expect(test.server.state).toBe('terminated');
  });

  it('S2-9 for connections that wait for a server to start', async () => {
    await using test = await startTestServer({ options: { autoStart: false } });
    const held = Array.from({ length: 3 }, () => createConnection(test.server.ports[0]!, '127.0.0.1'));
    const closed = held.map(
      (socket) => new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve)),
    );
    await Promise.all(held.map((socket) => within(once(socket, 'connect'), 'connecting')));
    await settle();
    await within(test.server.stop(60_000), 'the end of the server');

    await within(Promise.all(closed), 'the end of the connections');
  });
});

describe('stop closes', () => {
  it('S2-9 what nobody uses as soon as it drains, and the rest with its last call', async () => {
    const [entered, release] = [deferred(), deferred()];
    const chat = async () => {
      entered.resolve();
      await release.promise;
    };
    await using test = await startTestServer({ controllers: [kindsServicer({ chat, unary: () => ({}) })] });
    using idle = await RawHttp2.connect(test.address);
    await within(idle.open('unary').send().end().read().ended, 'a call');
    using busy = await RawHttp2.connect(test.address);
    const call = busy.open('chat').read();
    await within(entered.promise, 'a stream');
    const stopped = test.server.stop(60_000);
    await until(() => idle.session.destroyed, 'the end of the idle connection');
    expect([busy.socket.destroyed, test.server.state]).toEqual([false, 'draining']);

    release.resolve();
    expect(await within(call.ended, 'the status')).toMatchObject({ code: StatusCode.OK });
    await within(stopped, 'the end of the server');
    await until(() => busy.session.destroyed, 'the end of the busy connection');
  });
});
