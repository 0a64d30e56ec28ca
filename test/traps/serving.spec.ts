import { createServer, type AddressInfo } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { DeclarationError, StatusCode, UsageError } from 'nestjs-servicer';
import { KindsService } from '../gen/ts-proto/kinds.js';
import { deferred, settle, until, within } from '../support/deferred.js';
import { kindsServicer } from '../support/kinds-servicer.js';
import { item, RawKinds } from '../support/raw-kinds.js';
import { startRawServer } from '../support/raw-server.js';
import { startTestServer } from '../support/test-server.js';

const answering = () => kindsServicer({ unary: async () => ({ text: 'served' }) });

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

const bind = (core: grpc.Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    core.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });

describe('T21 binding', () => {
  it('control: a raw grpc-js server serves as soon as it is bound', async () => {
    await using test = await startRawServer({ unary: (_call, callback) => callback(null, item({ text: 'served' })) });
    // nobody called start()
    expect(await test.client.unary().responses).toEqual([item({ text: 'served' })]);
  });

  it('T21 ours serves when it is started, though its port is known', async () => {
    let calls = 0;
    const servicer = kindsServicer({ unary: async () => ((calls += 1), {}) });
    await using test = await startTestServer({ controllers: [servicer], options: { autoStart: false } });
    expect(test.server.ports).toEqual([expect.any(Number)]);
    const { ended } = test.client.unary();
    await settle();
    expect(calls).toBe(0);
    await test.server.start();
    expect(await within(ended, 'the call that waited')).toMatchObject({ code: StatusCode.OK });
  });

  it('control: raw grpc-js says that it bound one port twice', async () => {
    await using test = await startRawServer({});
    const port = Number(test.address.split(':')[1]);
    expect(await bind(test.core, port)).toBe(port);
  });

  it('T21 ours says that the port is taken, by itself or by another', async () => {
    const port = await freePort();
    const twice = startTestServer({
      controllers: [answering()],
      options: { listen: [`127.0.0.1:${port}`, `127.0.0.1:${port}`] },
    });
    await expect(twice).rejects.toThrow(UsageError);
    await expect(twice).rejects.toThrow(/EADDRINUSE/);

    await using first = await startTestServer({ controllers: [answering()] });
    const second = startTestServer({ controllers: [answering()], options: { listen: first.address } });
    await expect(second).rejects.toThrow(/EADDRINUSE/);
    expect(await first.client.unary().ended).toMatchObject({ code: StatusCode.OK });
  });
});

describe('T29 a bound on calls at once', () => {
  it('control: raw grpc-js can only make a client wait, without a word', async () => {
    const waiting: (() => void)[] = [];
    await using test = await startRawServer(
      { unary: (_call, callback) => waiting.push(() => callback(null, item())) },
      { 'grpc.max_concurrent_streams': 1 },
    );
    await new Promise((resolve) => test.client.channel.waitForReady(Date.now() + 10_000, resolve));
    const calls = [test.client.unary(), test.client.unary()];
    await until(() => waiting.length === 1, 'the first call');
    await settle();
    expect(waiting).toHaveLength(1);
    waiting[0]!();
    await until(() => waiting.length === 2, 'the second call');
    waiting[1]!();
    for (const { ended } of calls) expect(await ended).toMatchObject({ code: grpc.status.OK });
  });

  it('T29 ours refuses', async () => {
    const release = deferred();
    let entered = 0;
    const servicer = kindsServicer({
      async unary() {
        entered += 1;
        await release.promise;
        return {};
      },
    });
    await using test = await startTestServer({ controllers: [servicer], options: { maximumConcurrentRpcs: 1 } });
    const { ended } = test.client.unary();
    await until(() => entered === 1, 'the first call');
    expect(await test.client.unary().ended).toMatchObject({
      code: StatusCode.RESOURCE_EXHAUSTED,
      details: 'Concurrent RPC limit exceeded!',
    });
    release.resolve();
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    expect(entered).toBe(1);
  });
});

describe('T34 options that do nothing', () => {
  it('control: raw grpc-js takes any', async () => {
    const core = new grpc.Server({ 'grpc.keepalive_tim_ms': 1_000 });
    core.addService(KindsService, {
      unary: (_call: unknown, callback: grpc.sendUnaryData<unknown>) => callback(null, item()),
    });
    const client = new RawKinds(`127.0.0.1:${await bind(core, 0)}`);
    expect(await client.unary().ended).toMatchObject({ code: grpc.status.OK });
    client.close();
    core.forceShutdown();
  });

  it.each([
    [{ keepAlive: { timeMs: 1_000 } }, /there is no option "keepAlive".*"keepalive"/],
    [{ keepalive: { tim: 1_000 } }, /there is no option "keepalive\.tim"/],
    [{ keepalive: { time: 1_000 } }, /there is no option "keepalive\.time".*"timeMs"/],
    [{ maximumConcurrentRpcs: 0 }, /"maximumConcurrentRpcs" takes a whole number from 1/],
    [{ 'grpc.keepalive_time_ms': 1_000 }, /there is no option "grpc\.keepalive_time_ms"/],
  ])('T34 ours refuses %j at boot', async (options, message) => {
    const started = startTestServer({ controllers: [answering()], options: options as object });
    await expect(started).rejects.toThrow(DeclarationError);
    await expect(started).rejects.toThrow(message);
  });
});
