import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from './support/deferred.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'test', '.out', 'readme');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The README's files: every code block whose first line names one in a comment. */
function filesOf(markdown: string): Map<string, string> {
  const blocks = markdown.matchAll(/^```\w+\n(?:\/\/|#) (\S+\.\w+)\n([\s\S]*?)^```$/gm);
  return new Map([...blocks].map(([, name = '', text = '']) => [name, text]));
}

function run(command: string, ...args: string[]): void {
  const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
}

describe('the README', () => {
  let server: ChildProcess;
  const port = 50_000 + (process.pid % 10_000);

  beforeAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    for (const [name, text] of filesOf(readme)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text.replace('localhost:50051', `127.0.0.1:${port}`));
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    run('buf', 'generate');
    run('tsc');
    // without the runner's own flags: it is served from the built package, as users have it
    server = fork(join(folder, 'dist', 'main.js'), {
      cwd: folder,
      execArgv: [],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const output: string[] = [];
    await within(
      new Promise<void>((resolve, reject) => {
        server.stdout?.on('data', (text: Buffer) => {
          output.push(String(text));
          if (output.join('').includes('successfully started')) resolve();
        });
        server.once('exit', () => reject(new Error(`the README's server ended: ${output.join('')}`)));
      }),
      "the README's server",
    );
  }, 60_000);

  afterAll(() => server.kill('SIGKILL'));

  it('has a whole application', () => {
    expect([...filesOf(readme).keys()]).toEqual([
      'protos/greeter.proto',
      'buf.gen.yaml',
      'tsconfig.json',
      'src/greeter.servicer.ts',
      'src/main.ts',
    ]);
  });

  it('serves a call, and ends on a signal', async () => {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const request = Buffer.concat([Buffer.from([0x0a, 3]), Buffer.from('Ada')]);
    const reply = await within(
      new Promise<Buffer>((resolve, reject) =>
        client.makeUnaryRequest(
          '/hello.v1.Greeter/Hi',
          (bytes: Buffer) => bytes,
          (bytes) => bytes,
          request,
          (error, bytes) => (error ? reject(error) : resolve(bytes!)),
        ),
      ),
      'the reply',
    );
    client.close();
    expect(String(reply.subarray(2))).toMatch(/^Hello, Ada, from ipv4:127\.0\.0\.1:\d+$/);

    server.kill('SIGTERM');
    expect(await within(once(server, 'exit'), 'the exit')).toEqual([0, null]);
  });
});
