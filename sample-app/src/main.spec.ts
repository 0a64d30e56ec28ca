import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { Client, credentials, status } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Greeter } from './gen/greeter_pb.js';
import { HashFinder } from './gen/hash_name_pb.js';

/** What `npm start` runs, once it has built it. */
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** The server in a process of its own; killed when the test is over, if it is still there. */
function run(...flags: string[]) {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [MAIN, ...flags]);
  const exit = once(child, 'close') as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  /** Waits until it has written this. */
  const written = async (name: 'stdout' | 'stderr', text: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = text.exec(output[name]);
      if (match !== null) return match;
      const [ended] = await Promise.race([once(child[name], 'data').then(() => [false]), exit.then(() => [true])]);
      if (ended === true) throw new Error(`the server ended before it wrote ${text.source}:\n${output.stderr}`);
    }
  };
  return { child, exit, output, written };
}

async function serve(...flags: string[]) {
  const server = run('--port', '0', ...flags);
  const [, port] = await server.written('stdout', /^Server listening at 'localhost:(\d+)'\n/);
  return { ...server, connect: () => connect(Number(port)) };
}

/** A client that nobody here wrote. */
function connect(port: number): Client {
  const client = new Client(`localhost:${port}`, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  onTestFinished(() => client.close());
  return client;
}

/** What grpc-js wants to know of a method. */
function wire<M extends DescMethod>(method: M) {
  const encode = (request: MessageInitShape<M['input']>): Buffer =>
    Buffer.from(toBinary(method.input, create<M['input']>(method.input, request)));
  const decode = (bytes: Buffer): MessageShape<M['output']> => fromBinary<M['output']>(method.output, bytes);
  return [`/${method.parent.typeName}/${method.name}`, encode, decode] as const;
}

function unary<M extends DescMethod>(client: Client, method: M, request: MessageInitShape<M['input']>) {
  return new Promise<MessageShape<M['output']>>((resolve, reject) => {
    client.makeUnaryRequest(...wire(method), request, (error, response) => {
      if (response === undefined) reject(error ?? new Error('no response'));
      else resolve(response);
    });
  });
}

const find = (client: Client, request: MessageInitShape<typeof HashFinder.method.find.input>) =>
  unary(client, HashFinder.method.find, request);
const findRange = (client: Client, request: MessageInitShape<typeof HashFinder.method.findRange.input>) =>
  client.makeServerStreamRequest(...wire(HashFinder.method.findRange), request);

/** Calls until it no longer ends with this code. */
async function untilNot<T>(code: status, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if ((error as { code?: unknown }).code !== code) throw error;
    }
  }
}

const HOPELESS = { desiredName: 'aaaaaaaaaa' };

describe('the sample server', () => {
  it('A13 finds "aa"', async () => {
    const client = (await serve()).connect();
    const match = await find(client, { desiredName: 'aa' });
    expect(match.hammingDistance).toBe(0);
    expect(match.hashedName.toLowerCase()).toContain('aa');
  });

  it('greets', async () => {
    const client = (await serve()).connect();
    await expect(unary(client, Greeter.method.hi, { name: 'Ada' })).resolves.toMatchObject({ message: 'Hi, Ada!' });

    const chat = client.makeBidiStreamRequest(...wire(Greeter.method.streamingHi));
    for (const name of ['Ada', 'Grace']) {
      chat.write({ name });
      const [answer] = (await once(chat, 'data')) as [{ message: string }];
      expect(answer.message).toBe(`Hi, ${name}!`);
    }
    chat.end();
    chat.resume();
    await expect(once(chat, 'status')).resolves.toMatchObject([{ code: status.OK }]);
  });

  it('A7 cancels at the maximum, after the matches found so far, and logs why', async () => {
    const server = await serve('--maximum-hashes', '1000');
    const client = server.connect();
    await expect(find(client, HOPELESS)).rejects.toMatchObject({ code: status.CANCELLED });
    await server.written('stderr', /Cancelling RPC due to exhausted resources\./);

    const call = findRange(client, { ...HOPELESS, interestingHammingDistance: 10 });
    let received = 0;
    call.on('data', () => received++);
    const [error] = (await once(
      call.on('error', () => {}),
      'error',
    ).catch((thrown: unknown) => [thrown])) as [unknown];
    expect(error).toMatchObject({ code: status.CANCELLED });
    expect(received).toBe(1_000);
  });

  it('A13 frees its only slot when the client cancels, and refuses a second call until then', async () => {
    const client = (await serve('--maximum-hashes', '1e12')).connect();
    const search = findRange(client, { ...HOPELESS, interestingHammingDistance: 7 });
    await once(search, 'data');
    await expect(find(client, { desiredName: 'aa' })).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });

    search.on('error', () => {});
    const started = performance.now();
    search.cancel();
    const match = await untilNot(status.RESOURCE_EXHAUSTED, () => find(client, { desiredName: 'aa' }));
    console.info(`cancel to the next answer, over the wire: ${(performance.now() - started).toFixed(1)} ms`);
    expect(match.hammingDistance).toBe(0);
  });

  it('refuses bad input with all that is wrong with it', async () => {
    const client = (await serve()).connect();
    const bad = find(client, { desiredName: 'é', idealHammingDistance: -1 });
    await expect(bad).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'desired_name has "é", which no hash in base64 has; ideal_hamming_distance is negative: -1',
    });
    const [error] = (await once(findRange(client, {}), 'error')) as [unknown];
    expect(error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('desired_name is empty') as string,
    });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'drains on %s: a call in flight ends well, no other begins',
    async (signal) => {
      const server = await serve('--maximum-concurrent-rpcs', '2');
      const chat = server.connect().makeBidiStreamRequest(...wire(Greeter.method.streamingHi));
      chat.write({ name: 'Ada' });
      await once(chat, 'data');

      server.child.kill(signal);
      const late = server.connect();
      const refused = (async () => {
        for (;;) await unary(late, Greeter.method.hi, { name: 'Grace' });
      })();
      await expect(refused).rejects.toMatchObject({ code: status.UNAVAILABLE });

      chat.write({ name: 'Ada' });
      const [answer] = (await once(chat, 'data')) as [{ message: string }];
      expect(answer.message).toBe('Hi, Ada!');
      chat.end();
      chat.resume();
      await expect(once(chat, 'status')).resolves.toMatchObject([{ code: status.OK }]);
      await expect(server.exit).resolves.toEqual([0, null]);
      expect(server.output.stdout).toMatch(/^Server listening at 'localhost:\d+'\n$/);
    },
  );
});

describe('the command', () => {
  it('says in one line what is wrong with a flag, and exits with 2', async () => {
    const server = run('--port', 'http');
    await expect(server.exit).resolves.toEqual([2, null]);
    expect(server.output).toEqual({
      stdout: '',
      stderr: '--port takes a whole number from 0 to 65535, not "http" (see --help)\n',
    });
  });

  it('helps', async () => {
    const server = run('--help');
    await expect(server.exit).resolves.toEqual([0, null]);
    expect(server.output.stdout).toContain('--maximum-hashes N');
  });

  it('says when its port is taken, and exits with 1', async () => {
    const other = createServer().listen(0, 'localhost');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const server = run('--port', String(port));
    await expect(server.exit).resolves.toEqual([1, null]);
    expect(server.output.stdout).toBe('');
    expect(server.output.stderr).toContain('EADDRINUSE');
  });
});
