import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../call/clock.js';
import { UsageError } from '../status/usage-error.js';
import { deferred } from './deferred.js';
import { ServerCrashedError } from './server-crashed-error.js';
import { Termination, type Terminable } from './termination.js';

const GRACE_MS = 10_000;
const HANDLER_GRACE_MS = 5_000;

/** A server of nothing but promises: it writes down what it is asked, and a test decides when its calls are over. */
class FakeServer implements Terminable {
  readonly seen: string[] = [];
  readonly errors: unknown[] = [];
  /** What is waited for; resolved where a test says nothing. */
  hooks = Promise.resolve();
  calls = Promise.resolve();
  handlers = Promise.resolve();
  connections = Promise.resolve();
  lastHooks = Promise.resolve();

  entered = (state: string): void => void this.seen.push(state);
  draining = (): Promise<void> => this.#asked('onDraining', this.hooks);
  refuse = (): void => void this.seen.push('refuse');
  idle = (): Promise<void> => this.calls;
  endCalls = (): void => void this.seen.push('endCalls');
  settled = (): Promise<void> => this.handlers;
  giveUp = (): void => void this.seen.push('giveUp');
  close = (): Promise<void> => this.#asked('close', this.connections);
  terminated = (): Promise<void> => this.#asked('onTerminated', this.lastHooks);
  failed = (error: unknown): void => void this.errors.push(error);

  #asked(step: string, done: Promise<void>): Promise<void> {
    this.seen.push(step);
    return done;
  }
}

function setUp(server = new FakeServer()) {
  return {
    server,
    termination: new Termination(server, { graceMs: GRACE_MS, handlerGraceMs: HANDLER_GRACE_MS }, systemClock),
  };
}

/** One that serves, and has been asked nothing yet. */
function serving() {
  const parts = setUp();
  parts.termination.start();
  parts.server.seen.length = 0;
  return parts;
}

const never = new Promise<void>(() => undefined);
const ALL = ['draining', 'onDraining', 'refuse', 'closing', 'endCalls', 'close', 'terminated', 'onTerminated'];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('stopping', () => {
  it('S2-9 goes through every state, in order', async () => {
    const { server, termination } = setUp();
    termination.start();
    await termination.stop(null);

    expect(server.seen).toEqual(['serving', ...ALL]);
    expect(termination.state).toBe('terminated');
  });

  it('S2-9 before start tells nobody of draining: nobody was told of serving', async () => {
    const { server, termination } = setUp();
    await termination.stop(null);

    expect(server.seen).toEqual(ALL.filter((step) => step !== 'onDraining'));
  });

  it('S2-9 refuses new calls within the synchronous stretch and its microtasks where nobody has a hook', async () => {
    const { server, termination } = serving();
    server.calls = never;
    const stopped = termination.stop(1);
    expect(termination.state).toBe('draining');
    // no timer runs and no I/O is done in between
    for (let tick = 0; tick < 20; tick++) await Promise.resolve();

    expect(server.seen).toContain('refuse');
    server.calls = Promise.resolve();
    await vi.advanceTimersByTimeAsync(1);
    await stopped;
  });

  it('S2-9 waits for calls as long as the grace period, then for handlers as long as theirs', async () => {
    const { server, termination } = serving();
    server.calls = server.handlers = never;
    void termination.stop(200);

    await vi.advanceTimersByTimeAsync(199);
    expect(server.seen).not.toContain('endCalls');
    await vi.advanceTimersByTimeAsync(1);
    expect(server.seen.slice(-2)).toEqual(['closing', 'endCalls']);
    await vi.advanceTimersByTimeAsync(HANDLER_GRACE_MS - 1);
    expect(server.seen).not.toContain('giveUp');
    await vi.advanceTimersByTimeAsync(1);
    expect(server.seen.slice(-4)).toEqual(['giveUp', 'close', 'terminated', 'onTerminated']);
  });

  it('S2-9 waits no longer than calls take', async () => {
    const { server, termination } = serving();
    const calls = deferred();
    server.calls = calls.promise;
    const stopped = termination.stop(Infinity);
    await vi.advanceTimersByTimeAsync(GRACE_MS * 100);
    expect(server.seen).not.toContain('closing');
    calls.resolve();
    await stopped;

    expect(server.seen).not.toContain('giveUp');
  });

  it.each([
    ['S2-9 the smallest grace wins: 30 s, 0.2 s, 60 s end at 0.2 s', [30_000, 200, 60_000], 200],
    ['S2-9 null ends what waits', [30_000, null], 0],
    ['S2-9 no argument is the module’s grace period', [undefined], GRACE_MS],
    ['S2-9 no argument joins a longer one', [60_000, undefined], GRACE_MS],
    ['S2-9 a grace period that never ends can be shortened', [Infinity, 300], 300],
    ['S2-9 0 is none', [0], 0],
  ])('%s', async (_id, graces, expectedMs) => {
    const { server, termination } = serving();
    server.calls = never;
    const stops = graces.map((graceMs) => termination.stop(graceMs));

    await vi.advanceTimersByTimeAsync(Math.max(0, expectedMs - 1));
    if (expectedMs > 0) expect(server.seen).not.toContain('endCalls');
    await vi.advanceTimersByTimeAsync(expectedMs > 0 ? 1 : 0);
    expect(server.seen.filter((step) => step === 'endCalls')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(HANDLER_GRACE_MS);
    await Promise.all(stops);
  });

  it('S2-9 is idempotent, also long after the end, and then holds no timer', async () => {
    const { server, termination } = serving();
    await Promise.all([termination.stop(Infinity), termination.stop(Infinity)]);
    await termination.stop();
    await termination.stop(5);

    expect(server.seen).toEqual(ALL);
  });

  it.each([-1, NaN, '5' as unknown as number, {} as number])('S2-9 refuses %s as a grace period', async (graceMs) => {
    const { server, termination } = serving();

    await expect(termination.stop(graceMs)).rejects.toThrow(UsageError);
    await expect(termination.stop(graceMs)).rejects.toThrow('The grace period is a number of ms from 0, or null, not ');
    expect(server.seen).toEqual([]);
  });

  it.each([
    ['the hooks', 'hooks'],
    ['the calls', 'calls'],
  ] as const)('S2-9 does not wait for %s longer than the grace period', async (_what, which) => {
    const { server, termination } = serving();
    server[which] = never;
    const stopped = termination.stop(100);
    await vi.advanceTimersByTimeAsync(100);
    server.calls = Promise.resolve();
    await vi.advanceTimersByTimeAsync(HANDLER_GRACE_MS);
    await stopped;

    expect(server.seen.slice(-2)).toEqual(['terminated', 'onTerminated']);
  });

  it('S2-2 is over only when the last hooks are, which are waited for as long as for handlers', async () => {
    const { server, termination } = serving();
    server.lastHooks = never;
    void termination.stop(null);
    await vi.advanceTimersByTimeAsync(HANDLER_GRACE_MS - 1);
    expect(termination.state).toBe('terminated');
    expect(termination.signal.aborted).toBe(false);
    expect(await termination.awaitTermination(0)).toBe(false);

    await vi.advanceTimersByTimeAsync(1);
    expect(termination.signal.aborted).toBe(true);
    expect(await termination.awaitTermination(0)).toBe(true);
  });

  it.each(['entered', 'draining', 'refuse', 'idle', 'endCalls', 'settled', 'close', 'terminated'] as const)(
    'ends also when %s throws, and reports it',
    async (step) => {
      const { server, termination } = serving();
      server[step] = () => {
        throw new Error(`${step} failed`);
      };
      await termination.stop(null);

      expect(server.errors).toContainEqual(new Error(`${step} failed`));
      expect(await termination.awaitTermination(0)).toBe(true);
    },
  );
});

describe('the drain delay', () => {
  it('S2-4 lets calls in until it is over; the grace period begins then', async () => {
    const { server, termination } = serving();
    server.calls = never;
    void termination.stop(100, 1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(server.seen).toEqual(['draining', 'onDraining']);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.seen.at(-1)).toBe('refuse');
    await vi.advanceTimersByTimeAsync(99);
    expect(server.seen.at(-1)).toBe('refuse');
    await vi.advanceTimersByTimeAsync(1);
    expect(server.seen).toContain('endCalls');
    await vi.advanceTimersByTimeAsync(HANDLER_GRACE_MS);
  });

  it('S2-4 ends with a stop that has none, and leaves no timer', async () => {
    const { server, termination } = serving();
    void termination.stop(GRACE_MS, 60_000);
    await vi.advanceTimersByTimeAsync(10);
    expect(server.seen).not.toContain('refuse');
    await termination.stop(null);

    expect(server.seen).toEqual(ALL);
  });
});

describe('starting', () => {
  it('S2-7 works once', async () => {
    const { server, termination } = setUp();
    expect(termination.state).toBe('starting');
    termination.start();

    expect(termination.state).toBe('serving');
    expect(() => termination.start()).toThrow(new UsageError('Cannot start already-started server!'));
    await termination.stop(null);
    expect(() => termination.start()).toThrow(UsageError);
    expect(() => termination.start()).toThrow('a stopped server cannot be started again');
    expect(server.errors).toEqual([]);
  });

  it('S2-7 is refused once a stop is under way', async () => {
    const { termination } = setUp();
    const stopped = termination.stop(null);

    expect(() => termination.start()).toThrow(UsageError);
    await stopped;
  });
});

describe('waiting', () => {
  it('S2-1 answers true to all once terminated, false to those whose time is up first', async () => {
    const { server, termination } = setUp();
    const calls = deferred();
    server.calls = calls.promise;
    const waits = [Infinity, 1_000, 50].map((timeoutMs) => termination.awaitTermination(timeoutMs));
    void termination.stop(Infinity);
    await vi.advanceTimersByTimeAsync(50);
    calls.resolve();

    expect(await Promise.all(waits)).toEqual([true, true, false]);
  });

  it.each([0, -1, -Infinity])('S2-1 answers at once with a timeout of %s', async (timeoutMs) => {
    const { termination } = setUp();

    expect(await termination.awaitTermination(timeoutMs)).toBe(false);
    await termination.stop(null);
    expect(await termination.awaitTermination(timeoutMs)).toBe(true);
  });

  it.each([NaN, '5' as unknown as number, null as unknown as number])(
    'S2-1 refuses a timeout of %s',
    async (timeoutMs) => {
      await expect(setUp().termination.awaitTermination(timeoutMs)).rejects.toThrow(UsageError);
    },
  );

  it('S2-5 has a promise and a signal that agree with it', async () => {
    const { termination } = setUp();
    const told = vi.fn();
    termination.signal.addEventListener('abort', told);
    const terminated = termination.terminated.then(told);
    await termination.stop(null);
    await terminated;

    expect(told).toHaveBeenCalledTimes(2);
  });
});

describe('a crash', () => {
  it('S2-3 ends what is left at once and is what every wait rejects with', async () => {
    const { server, termination } = setUp();
    server.calls = never;
    termination.start();
    const cause = new Error('no listener is left');
    const wait = expect(termination.awaitTermination(Infinity)).rejects.toThrow(ServerCrashedError);
    termination.crash(cause);
    expect(server.errors).toEqual([expect.objectContaining({ cause })]);
    server.calls = Promise.resolve();
    await wait;

    await expect(termination.awaitTermination(0)).rejects.toThrow('The server has crashed: no listener is left');
    await termination.stop();
    expect(termination.signal.aborted).toBe(true);
  });

  it('S2-3 of a server that is stopping is none', async () => {
    const { server, termination } = setUp();
    const stopped = termination.stop(null);
    termination.crash(new Error('too late'));
    await stopped;

    expect(server.errors).toEqual([]);
    expect(await termination.awaitTermination(0)).toBe(true);
  });
});
