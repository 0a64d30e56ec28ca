import { once } from 'node:events';
import * as http2 from 'node:http2';
import { createConnection } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ServerCredentials, credentials } from '@grpc/grpc-js';
import { StatusCode, type ServicerContext } from 'nestjs-servicer';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createIdentity } from './support/certificate.js';
import { deferred, settle, until, within } from './support/deferred.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { RawHttp2Call } from './support/raw-http2.js';
import { RawKinds } from './support/raw-kinds.js';
import { startTestServer } from './support/test-server.js';

const AUTHORITY = createIdentity('Authority of the test');
const SERVER = createIdentity('localhost', AUTHORITY);
const CLIENT = createIdentity('Ada', AUTHORITY);

const KEY_PAIR = { private_key: SERVER.key, cert_chain: SERVER.certificate };
const TLS = ServerCredentials.createSsl(null, [KEY_PAIR]);
const MUTUAL_TLS = ServerCredentials.createSsl(AUTHORITY.certificate, [KEY_PAIR], true);

const controllers = [kindsServicer({ unary: (_request, context: ServicerContext) => ({ text: context.peer() }) })];

/** A server that speaks TLS on its one address. */
function startTlsServer(options: Parameters<typeof startTestServer>[0] = {}, serverCredentials = TLS) {
  const listen = [{ address: 'localhost:0', credentials: serverCredentials }];
  return startTestServer({ controllers, ...options, options: { listen, ...options.options } });
}

function client(port: number | undefined, channelCredentials = credentials.createSsl(AUTHORITY.certificate)): RawKinds {
  const kinds = new RawKinds(`localhost:${port}`, channelCredentials);
  onTestFinished(() => kinds.close());
  return kinds;
}

async function tlsSocket(port: number | undefined, over = createConnection(port!, '127.0.0.1')): Promise<TLSSocket> {
  const socket = connectTls({
    socket: over,
    ca: AUTHORITY.certificate,
    servername: 'localhost',
    ALPNProtocols: ['h2'],
  });
  onTestFinished(() => void socket.destroy());
  await within(once(socket, 'secureConnect'), 'the handshake');
  return socket.on('error', () => undefined);
}

describe('an address with TLS', () => {
  it('serves over it, also off loopback without a word about plain text', async () => {
    await using test = await startTlsServer({ options: { listen: [{ address: '0.0.0.0:0', credentials: TLS }] } });
    const { responses, ended } = client(test.server.ports[0]).unary();

    expect(await within(ended, 'a call')).toMatchObject({ code: StatusCode.OK });
    expect((await responses)[0]?.text).toMatch(/^ipv4:127\.0\.0\.1:\d+$/);
    expect(test.logger.messages('warn')).toEqual([]);
  });

  it('fails a client of plain text cleanly, and goes on', async () => {
    await using test = await startTlsServer();
    const plain = client(test.server.ports[0], credentials.createInsecure());
    expect(await within(plain.unary().ended, 'the failure')).toMatchObject({ code: StatusCode.UNAVAILABLE });

    expect(await within(client(test.server.ports[0]).unary().ended, 'a call')).toMatchObject({ code: StatusCode.OK });
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('stands beside one of plain text', async () => {
    await using test = await startTlsServer({
      options: { listen: ['127.0.0.1:0', { address: 'localhost:0', credentials: TLS }] },
    });
    const [plainPort, tlsPort] = test.server.ports;
    const ended = [client(plainPort, credentials.createInsecure()), client(tlsPort)].map(
      (kinds) => kinds.unary().ended,
    );

    for (const status of await within(Promise.all(ended), 'both calls'))
      expect(status).toMatchObject({ code: StatusCode.OK });
  });

  it('S2-7 holds connections as they come, and shakes hands once it serves', async () => {
    await using test = await startTlsServer({ options: { autoStart: false } });
    const { ended } = client(test.server.ports[0]).unary();
    await settle();
    await test.server.start();

    expect(await within(ended, 'the early call')).toMatchObject({ code: StatusCode.OK });
  });

  it('asks for a client’s certificate where it is told to', async () => {
    await using test = await startTlsServer({}, MUTUAL_TLS);
    const known = credentials.createSsl(AUTHORITY.certificate, CLIENT.key, CLIENT.certificate);

    expect(await within(client(test.server.ports[0], known).unary().ended, 'a call')).toMatchObject({
      code: StatusCode.OK,
    });
    const stranger = client(test.server.ports[0]).unary();
    expect(await within(stranger.ended, 'the failure')).toMatchObject({ code: StatusCode.UNAVAILABLE });
  });
});

describe('stop does not wait', () => {
  it('S2-9 for a client of TLS that says nothing', async () => {
    await using test = await startTlsServer();
    const silent = createConnection(test.server.ports[0]!, '127.0.0.1');
    const closed = new Promise((resolve) => silent.on('error', () => undefined).once('close', resolve));
    await within(once(silent, 'connect'), 'connecting');
    await within(client(test.server.ports[0]).unary().ended, 'a call after it');

    await within(test.server.stop(60_000), 'the end of the server');
    await within(closed, 'the end of the connection');
  });

  it('S2-9 for a client of TLS that did not ask for HTTP/2', async () => {
    await using test = await startTlsServer();
    const socket = connectTls({
      port: test.server.ports[0],
      host: '127.0.0.1',
      ca: AUTHORITY.certificate,
      servername: 'localhost',
    });
    const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    await within(once(socket, 'secureConnect'), 'the handshake');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [answer] = (await within(once(socket, 'data'), 'the answer')) as [Buffer];
    expect(answer.toString()).toContain('403');
    expect(socket.destroyed).toBe(false);

    await within(test.server.stop(60_000), 'the end of the server');
    await within(closed, 'the end of the connection');
  });
});

describe('draining', () => {
  it('S2-9 refuses a call on a connection whose handshake came too late', async () => {
    const [entered, release] = [deferred(), deferred()];
    const chat = async () => {
      entered.resolve();
      await release.promise;
    };
    await using test = await startTlsServer({ controllers: [kindsServicer({ chat, unary: () => ({}) })] });
    const late = createConnection(test.server.ports[0]!, '127.0.0.1');
    await within(once(late, 'connect'), 'connecting');
    const busy = client(test.server.ports[0]).chat();
    await within(entered.promise, 'a call after it');
    const stopped = test.server.stop(60_000);
    await until(() => test.server.state === 'draining', 'draining');
    await settle();

    const secure = await tlsSocket(undefined, late);
    const session = http2.connect('https://localhost', { createConnection: () => secure });
    session.on('error', () => undefined);
    onTestFinished(() => session.destroy());
    const headers = {
      ':method': 'POST',
      ':path': '/servicer.test.v1.Kinds/Unary',
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    const call = new RawHttp2Call(session.request(headers)).read().send().end();
    expect(await within(call.ended, 'the refusal')).toMatchObject({
      code: StatusCode.UNAVAILABLE,
      details: 'The server is shutting down',
    });

    release.resolve();
    expect(await within(busy.ended, 'the call under way')).toMatchObject({ code: StatusCode.OK });
    await within(stopped, 'the end of the server');
  });
});
