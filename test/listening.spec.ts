import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  DeclarationError,
  GrpcServer,
  GrpcServerModule,
  StatusCode,
  UsageError,
  type ServicerContext,
} from 'nestjs-servicer';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { within } from './support/deferred.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { RawKinds } from './support/raw-kinds.js';
import { startRawServer } from './support/raw-server.js';
import { startTestServer } from './support/test-server.js';

vi.mock(import('node:dns/promises'), { spy: true });

afterEach(() => {
  vi.mocked(lookup).mockReset();
});

/** A second address of this machine that only it can reach. */
const hasV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
const SECOND = hasV6
  ? { ip: '::1', host: '[::1]', family: 'ipv6' }
  : { ip: '127.0.0.2', host: '127.0.0.2', family: 'ipv4' };

/** Lets `both.test` be two addresses of this machine. */
function resolveBoth(): void {
  const found = [
    { address: '127.0.0.1', family: 4 },
    { address: SECOND.ip, family: hasV6 ? 6 : 4 },
  ];
  vi.mocked(lookup).mockResolvedValue(found as never);
}

/** A servicer that tells its clients who they are. */
const controllers = [kindsServicer({ unary: (_request, context: ServicerContext) => ({ text: context.peer() }) })];

/** What the servicer calls a client that connects to an address. */
async function peerAt(address: string): Promise<string | undefined> {
  const client = new RawKinds(address);
  onTestFinished(() => client.close());
  const { responses } = client.unary({}, { deadline: Date.now() + 10_000 });
  return (await within(responses, `a call to ${address}`))[0]?.text;
}

async function socketPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'servicer-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'test.sock');
}

/** Takes a port, so that nobody else can. */
async function taken(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The line that says where the server serves. */
function servingLine(test: { readonly logger: { messages(level: 'log'): string[] } }): string | undefined {
  return test.logger.messages('log').find((line) => line.startsWith('Serving on '));
}

describe('a name', () => {
  it('S2-8 binds every address it resolves to; port 0 is one port for all of them', async () => {
    resolveBoth();
    await using test = await startTestServer({ controllers, options: { listen: 'both.test:0' } });
    const [port, ...others] = test.server.ports;

    expect(others).toEqual([]);
    expect(servingLine(test)).toBe(`Serving on ipv4:127.0.0.1:${port}, ${SECOND.family}:${SECOND.host}:${port}`);
    expect(await peerAt(`127.0.0.1:${port}`)).toMatch(/^ipv4:127\.0\.0\.1:\d+$/);
    expect(await peerAt(`${SECOND.host}:${port}`)).toContain(`${SECOND.family}:`);
  });

  it('S2-8 of this machine is localhost', async () => {
    await using test = await startTestServer({ controllers, options: { listen: 'localhost:0' } });
    const found = await lookup('localhost', { all: true });

    for (const { address } of found) expect(servingLine(test)).toContain(address);
    expect(await peerAt(`localhost:${test.server.ports[0]}`)).toMatch(/^ipv[46]:/);
  });

  it('S2-8 serves on what can be bound, and says what cannot', async () => {
    resolveBoth();
    const port = await taken(SECOND.ip);
    await using test = await startTestServer({ controllers, options: { listen: `both.test:${port}` } });

    expect(test.server.ports).toEqual([port]);
    expect(await peerAt(`127.0.0.1:${port}`)).toContain('ipv4:');
    expect(test.logger.messages('warn')).toEqual([
      expect.stringMatching(/^both\.test:\d+: not every address could be bound: Error: listen EADDRINUSE/),
    ]);
  });

  it('S2-8 that does not resolve is an error that says so', async () => {
    vi.mocked(lookup).mockRejectedValue(new Error('getaddrinfo ENOTFOUND'));

    await expect(startTestServer({ options: { listen: 'nowhere.test:50051' } })).rejects.toThrow(
      'Cannot listen on "nowhere.test:50051": the name "nowhere.test" does not resolve',
    );
  });
});

describe('several addresses', () => {
  it('S2-8 are all served, and a call knows on which it came', async () => {
    const path = await socketPath();
    const listen = ['127.0.0.1:0', `unix:${path}`, '127.0.0.1:0'];
    await using test = await startTestServer({ controllers, options: { listen } });
    const [first, second, ...others] = test.server.ports;

    expect(others).toEqual([]);
    expect(first).not.toBe(second);
    expect(await peerAt(`127.0.0.1:${first}`)).toMatch(/^ipv4:127\.0\.0\.1:\d+$/);
    expect(await peerAt(`127.0.0.1:${second}`)).toMatch(/^ipv4:127\.0\.0\.1:\d+$/);
    expect(await peerAt(`unix:${path}`)).toBe(`unix:${path}`);
  });

  it('S2-8 are bound all or none, and may be bound again', async () => {
    const path = await socketPath();
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = `127.0.0.1:${(blocker.address() as AddressInfo).port}`;
    @Module({ imports: [GrpcServerModule.forRoot({ listen: [`unix:${path}`, address] })], controllers })
    class App {}
    const app = await NestFactory.createMicroservice(App, { ...GrpcServer.strategy(), logger: false });
    onTestFinished(() => app.close());
    await expect(app.listen()).rejects.toThrow(`Cannot listen on "${address}": listen EADDRINUSE`);
    await expect(once(connect(path), 'connect')).rejects.toThrow('ENOENT');

    await new Promise((resolve) => blocker.close(resolve));
    expect(await app.listen()).toMatchObject({ endpoints: [`unix:${path}`, `ipv4:${address}`] });
    expect(await peerAt(`unix:${path}`)).toBe(`unix:${path}`);
  });

  it('S2-8 T21 that are the same one are an error; control: grpc-js binds it twice and says nothing', async () => {
    const port = await freePort();
    const listen = [`127.0.0.1:${port}`, `127.0.0.1:${port}`];
    await using raw = await startRawServer({});
    const bound = await new Promise((resolve) => {
      raw.core.bindAsync(raw.address, ServerCredentials.createInsecure(), (error, again) => resolve(error ?? again));
    });

    expect(bound).toBe(Number(raw.address.split(':')[1]));
    await expect(startTestServer({ options: { listen } })).rejects.toThrow(
      `Cannot listen on "127.0.0.1:${port}": listen EADDRINUSE`,
    );
  });

  it('S2-8 cannot be bound a second time', async () => {
    await using test = await startTestServer({});

    await expect(test.app.listen()).rejects.toThrow('The server listens already');
    expect(test.server.ports).toHaveLength(1);
  });
});

describe('a unix socket', () => {
  it('left behind by a process that was killed is taken over', async () => {
    const path = await socketPath();
    const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(spawnSync(process.execPath, ['-e', program]).signal).toBe('SIGKILL');
    await using test = await startTestServer({ controllers, options: { listen: `unix://${path}` } });

    expect(test.server.ports).toEqual([]);
    expect(await peerAt(`unix://${path}`)).toBe(`unix:${path}`);
  });

  it('S2-8 that another server has is in use', async () => {
    const path = await socketPath();
    await using test = await startTestServer({ controllers, options: { listen: `unix:${path}` } });

    await expect(startTestServer({ options: { listen: `unix:${path}` } })).rejects.toThrow(
      `Cannot listen on "unix:${path}": listen EADDRINUSE`,
    );
    expect(await peerAt(`unix:${path}`)).toBe(`unix:${path}`);
    expect(test.logger.messages('warn')).toEqual([]);
  });
});

describe('plain text', () => {
  const refusal =
    '"0.0.0.0:0" can be reached from other machines and has no credentials: its calls would travel in plain text.';

  it.each([
    ['', '0.0.0.0:0'],
    [' by credentials that are none', { address: '0.0.0.0:0', credentials: ServerCredentials.createInsecure() }],
  ])('off loopback is refused%s, with what to do', async (_how, listen) => {
    const started = startTestServer({ options: { listen: [listen] } });

    await expect(started).rejects.toThrow(UsageError);
    await expect(started).rejects.toThrow(refusal);
    await expect(started).rejects.toThrow(
      "Give it credentials (listen: [{ address: '0.0.0.0:0', credentials }]), or write insecure: true if something else encrypts them.",
    );
  });

  it('is refused for a name that is reachable from elsewhere by one of its addresses', async () => {
    const found = ['127.0.0.1', '192.0.2.1'].map((address) => ({ address, family: 4 }));
    vi.mocked(lookup).mockResolvedValue(found as never);

    await expect(startTestServer({ options: { listen: 'both.test:0' } })).rejects.toThrow(
      '"both.test:0" can be reached from other machines and has no credentials',
    );
  });

  it('off loopback is served with a warning where insecure: true is written', async () => {
    await using test = await startTestServer({ controllers, options: { listen: '0.0.0.0:0', insecure: true } });

    expect(await peerAt(`127.0.0.1:${test.server.ports[0]}`)).toContain('ipv4:127.0.0.1:');
    expect(test.logger.messages('warn')).toEqual([
      '0.0.0.0:0 is served in plain text to other machines (insecure: true)',
    ]);
  });

  it('on loopback needs no word', async () => {
    await using test = await startTestServer({ controllers });

    expect(await within(test.client.unary().ended, 'a call')).toMatchObject({ code: StatusCode.OK });
    expect(test.logger.messages('warn')).toEqual([]);
  });
});

describe('a bad address', () => {
  it.each(['localhost', 'localhost:99999', '::1:50051', 'http://localhost:1', 'unix:', ''])(
    '"%s" is refused at boot',
    async (listen) => {
      const started = startTestServer({ options: { listen } });

      await expect(started).rejects.toThrow(DeclarationError);
      await expect(started).rejects.toThrow(
        `"${listen}" is no address to listen on; write "host:port", "[v6]:port" (port 0 to 65535) or "unix:path"`,
      );
    },
  );
});

/** A port that nobody has; it might be taken in between, as always. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
