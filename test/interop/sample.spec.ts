import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../support/deferred.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const descriptors = join(root, 'test', '.out', 'sample.binpb');
const client = fileURLToPath(new URL('client.py', import.meta.url));
const python = process.env.SERVICER_PYTHON;

// CI installs a Python with grpcio, so there its absence is a failure
const absent = python === undefined && process.env.CI === undefined;
if (absent)
  console.warn('skipped: test/interop needs SERVICER_PYTHON, a Python with grpcio and protobuf (.ci/requirements.txt)');

type Outcome = Record<string, unknown>;

interface Sample {
  readonly process: ChildProcess;
  readonly target: string;
  /** Resolves when its log has this text. */
  readonly said: (text: string) => Promise<void>;
  /** Its exit code and signal. */
  readonly exited: Promise<unknown[]>;
}

describe.skipIf(absent)('a Python grpcio client of the sample', { timeout: 90_000 }, () => {
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    mkdirSync(join(root, 'test', '.out'), { recursive: true });
    await promisify(execFile)(join(root, 'node_modules', '.bin', 'buf'), ['build', 'protos', '-o', descriptors], {
      cwd: root,
    });
  });

  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  /** The sample in a process of its own, as `npm start` runs it. */
  async function serve(...flags: string[]): Promise<Sample> {
    const sample = spawn(process.execPath, [join(root, 'sample-app', 'dist', 'main.js'), '--port', '0', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(sample, 'exit');
    let log = '';
    sample.stderr.on('data', (text: Buffer) => (log += String(text)));
    const said = async (text: string): Promise<void> => {
      while (!log.includes(text)) await once(sample.stderr, 'data');
    };
    started.push(sample);
    const [line] = (await within(once(sample.stdout, 'data'), 'the line of the sample', 30_000)) as [Buffer];
    const target = /^Server listening at '(localhost:\d+)'\n$/.exec(String(line))?.[1];
    if (target === undefined) throw new Error(`the sample said ${String(line)}`);
    return { process: sample, target, said, exited };
  }

  /** A scenario of client.py: what it printed before the last line, and the last line's JSON. */
  function run(
    target: string,
    scenario: string,
  ): { readonly begun: Promise<void>; readonly outcome: Promise<Outcome> } {
    const child = spawn(python ?? 'python3', [client, descriptors, target, scenario], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    const output = { stdout: '', stderr: '' };
    child.stderr.on('data', (text: Buffer) => (output.stderr += String(text)));
    const begun = new Promise<void>((resolve) => {
      child.stdout.on('data', (text: Buffer) => {
        output.stdout += String(text);
        if (output.stdout.startsWith('started\n')) resolve();
      });
    });
    const outcome = once(child, 'close').then(([code]) => {
      if (code !== 0) throw new Error(`client.py ${scenario} ended with ${String(code)}:\n${output.stderr}`);
      return JSON.parse(output.stdout.trim().split('\n').at(-1) ?? '') as Outcome;
    });
    return { begun, outcome };
  }

  const outcomeOf = (target: string, scenario: string): Promise<Outcome> =>
    within(run(target, scenario).outcome, scenario, 60_000);

  it('A13 a finds "aa"', async () => {
    const { target } = await serve();
    expect(await outcomeOf(target, 'find_aa')).toMatchObject({ code: 'OK', details: '', response: { distance: 0 } });
  });

  it('A6 streams what is interesting and ends at the ideal', async () => {
    const { target } = await serve();
    const { code, responses } = (await outcomeOf(target, 'find_range')) as {
      code: string;
      responses: { distance: number }[];
    };

    expect(code).toBe('OK');
    expect(responses.length).toBeGreaterThan(1);
    expect(responses.map(({ distance }) => distance)).toEqual([...Array<number>(responses.length - 1).fill(1), 0]);
  });

  it('W1 W5 W6 sends metadata and gets metadata and trailers, text and bytes', async () => {
    const { target } = await serve();
    const seen = (await outcomeOf(target, 'metadata')) as { message: string; initial: unknown[]; trailing: unknown[] };

    expect(seen.message).toBe('Hallo, Zoë!');
    expect(seen.initial).toContainEqual(['content-language', 'de']);
    expect(seen.trailing).toEqual([
      ['greetings-served', '1'],
      ['greeted-bin', Buffer.from('Zoë').toString('hex')],
    ]);
  });

  it('S3-12 talks both ways on one stream', async () => {
    const { target } = await serve();
    expect(await outcomeOf(target, 'chat')).toEqual({ code: 'OK', details: '', messages: ['Hi, Ada!', 'Hi, Grace!'] });
  });

  it('meets its deadline', async () => {
    const { target } = await serve('--maximum-hashes', '1e12');
    expect(await outcomeOf(target, 'deadline')).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    // and the slot is free again
    expect(await outcomeOf(target, 'cancel_frees_the_slot')).toMatchObject({ after: { code: 'OK' } });
  });

  it('is told which field of a bad request is wrong, and why', async () => {
    const { target } = await serve();
    const outcomes = Object.entries(await outcomeOf(target, 'bad_input')) as [
      string,
      { code: string; details: string },
    ][];

    expect(outcomes.map(([name, { code }]) => [name, code])).toEqual(
      ['empty', 'long', 'negative', 'absurd', 'characters'].map((name) => [name, 'INVALID_ARGUMENT']),
    );
    for (const [, { details }] of outcomes) expect(details).toMatch(/^(desired_name|ideal_hamming_distance) /);
  });

  it('A13 b A14 cancels a search without end: refused meanwhile, served after', async () => {
    const { target } = await serve('--maximum-hashes', '1e12', '--maximum-concurrent-rpcs', '1');
    expect(await outcomeOf(target, 'cancel_frees_the_slot')).toMatchObject({
      refused: { code: 'RESOURCE_EXHAUSTED' },
      cancelled: 'CANCELLED',
      after: { code: 'OK', response: { distance: 0 } },
    });
  });

  it('A7 S1-8 is cancelled by the servicer at the maximum, after what was found', async () => {
    const { target } = await serve('--maximum-hashes', '100000');
    const { range, find } = (await outcomeOf(target, 'server_cancels')) as {
      range: { code: string; responses: number };
      find: Outcome;
    };

    expect(range.code).toBe('CANCELLED');
    expect(range.responses).toBeGreaterThan(0);
    expect(find).toEqual({ code: 'CANCELLED', details: 'CANCELLED' });
  });

  it('S2-4 SIGTERM lets a call under way finish, and the server exits with 0', async () => {
    const { process: sample, target, exited } = await serve('--maximum-hashes', '1e9');
    const { begun, outcome } = run(target, 'finish_under_way');
    await within(begun, 'the call', 30_000);
    sample.kill('SIGTERM');

    expect(await within(outcome, 'the response', 60_000)).toMatchObject({ code: 'OK', last: [{ distance: 0 }] });
    expect(await within(exited, 'the exit', 30_000)).toEqual([0, null]);
  });

  it('S2-9 a second SIGTERM ends an open conversation as UNAVAILABLE', async () => {
    const { process: sample, target, said, exited } = await serve();
    const { begun, outcome } = run(target, 'wait_for_answer');
    await within(begun, 'the conversation', 30_000);
    sample.kill('SIGTERM');
    // at once it would be the same signal: sent until it is a second one
    await within(said('stopping'), 'the word that it stops');
    const again = setInterval(() => sample.kill('SIGTERM'), 50);
    await within(said('stopping now'), 'the word that it stops now');
    clearInterval(again);

    expect(await within(outcome, 'the end', 60_000)).toEqual({
      first: 'Hi, Ada!',
      code: 'UNAVAILABLE',
      details: 'Cancelling all calls',
    });
    expect(await within(exited, 'the exit', 30_000)).toEqual([0, null]);
  });

  it('S2-4 Ctrl-C in the terminal of npm start drains: it comes twice and counts once', async () => {
    const { stdout } = await promisify(execFile)(python ?? 'python3', [join(client, '..', 'ctrl_c.py'), descriptors], {
      cwd: root,
    });
    expect(JSON.parse(stdout)).toMatchObject({ exit: 0, outcome: { code: 'OK', last: [{ distance: 0 }] } });
  }, 120_000);
});
