import { StatusCode, type ShutdownOptions } from 'nestjs-servicer';
import { beforeAll, describe, expect, it } from 'vitest';
import { SAME_SIGNAL_MS } from '../../framework/src/termination/shutdown-signals.js';
import { until, within } from '../support/deferred.js';
import { item } from '../support/raw-kinds.js';
import { compilePrograms, Program } from './program.js';

beforeAll(compilePrograms);

const CANCELLED_ALL = { code: StatusCode.UNAVAILABLE, details: 'Cancelling all calls' };
/** Far longer than a test takes: what ends sooner was not waiting for it. */
const LONG_MS = 60_000;

/** A server that listens to signals, with a unary call and a stream under way. */
async function serving(shutdown: ShutdownOptions) {
  const program = new Program('server', JSON.stringify({ shutdown }));
  const client = await program.connect();
  const stream = client.chat();
  const unary = client.unary({ text: 'held' });
  await program.said(/^held starts$/);
  return { program, client, stream, unary };
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

describe.each(SIGNALS)('S2-4 on %s', (signal) => {
  it('a unary call under way completes, and the process exits by itself with 0', async () => {
    const { program, stream, unary } = await serving({ signals: SIGNALS, graceMs: LONG_MS });
    program.signal(signal);
    await program.said(/^draining$/);
    stream.call.write(item({ text: 'release' }));
    expect(await within(unary.ended, 'the unary call')).toMatchObject({ code: StatusCode.OK });
    expect(await unary.responses).toMatchObject([{ text: 'held' }]);
    stream.call.end();
    expect(await within(stream.ended, 'the stream')).toMatchObject({ code: StatusCode.OK });

    expect(await program.end()).toBe(0);
    expect(program.lines.slice(-4)).toEqual(['closing', 'terminated', 'awaitTermination resolves true', 'exits 0']);
    expect(program.stderr).toBe('');
  });

  it('a second one ends what is left now: clients see UNAVAILABLE, and the process exits with 0', async () => {
    const { program, stream, unary } = await serving({
      signals: SIGNALS,
      graceMs: LONG_MS,
      drainDelayMs: LONG_MS,
      handlerGraceMs: 0,
    });
    program.signal(signal);
    await program.said(/^draining$/);
    program.signal(signal === 'SIGTERM' ? 'SIGINT' : 'SIGTERM');

    for (const { ended } of [stream, unary]) expect(await within(ended, 'the status')).toMatchObject(CANCELLED_ALL);
    expect(await program.end()).toBe(0);
    // the unary handler never settles: it is named, and given up
    expect(program.stderr).toContain('they are given up: /servicer.test.v1.Kinds/Unary (1)');
  });
});

describe('S2-4', () => {
  it('the drain delay keeps taking calls', async () => {
    const { program, stream, unary } = await serving({ signals: SIGNALS, drainDelayMs: LONG_MS, graceMs: LONG_MS });
    program.signal('SIGTERM');
    await program.said(/^draining$/);
    const other = await program.connect();
    const late = other.unary({ text: 'late' });
    expect(await within(late.ended, 'a call of a new client')).toMatchObject({ code: StatusCode.OK });

    stream.call.write(item({ text: 'release' }));
    expect(await within(unary.ended, 'the call under way')).toMatchObject({ code: StatusCode.OK });
    program.signal('SIGINT');
    expect(await program.end()).toBe(0);
  });

  it('the same signal again is a second one, unless it comes so soon that it is the first one twice', async () => {
    const { program, stream, unary } = await serving({ signals: ['SIGTERM'], graceMs: LONG_MS, handlerGraceMs: 0 });
    program.signal('SIGTERM');
    program.signal('SIGTERM');
    await program.said(/^draining$/);
    const drainingAt = performance.now();
    await until(() => performance.now() - drainingAt > SAME_SIGNAL_MS, 'time for another signal');
    expect(program.lines).not.toContain('closing');
    program.signal('SIGTERM');

    for (const { ended } of [stream, unary]) expect(await within(ended, 'the status')).toMatchObject(CANCELLED_ALL);
    expect(await program.end()).toBe(0);
  });

  it('the grace period ends calls that do not end', async () => {
    const { program, stream } = await serving({ signals: ['SIGTERM'], graceMs: 200, handlerGraceMs: 0 });
    program.signal('SIGTERM');

    expect(await within(stream.ended, 'the stream')).toMatchObject(CANCELLED_ALL);
    expect(await program.end()).toBe(0);
  });

  it('without signals, they end the process as always', async () => {
    const { program } = await serving({});
    program.signal('SIGTERM');

    expect(await program.end()).toBe('SIGTERM');
    expect(program.lines).not.toContain('draining');
  });

  it('a server without calls ends at once', async () => {
    const program = new Program('server', JSON.stringify({ shutdown: { signals: ['SIGTERM'] } }));
    await program.said(/^port/);
    program.signal('SIGTERM');

    expect(await program.end()).toBe(0);
    expect(program.lines.at(-1)).toBe('exits 0');
  });
});
