import { once } from 'node:events';
import { createConnection, Server } from 'node:net';
import type { INestMicroservice } from '@nestjs/common';
import { GrpcServer, ServerCrashedError, StatusCode, UsageError, type ServerState } from 'nestjs-servicer';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { deferred, settle, within } from './support/deferred.js';
import { FakeClock } from './support/fake-clock.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { Seen } from './support/seen.js';
import { startTestServer } from './support/test-server.js';

const STATES: readonly ServerState[] = ['serving', 'draining', 'closing', 'terminated'];

/** Writes down every state that the server tells of, in both ways. */
function watched(app: INestMicroservice) {
  const [events, statuses]: string[][] = [[], []];
  for (const state of STATES) app.on(state, () => events?.push(state));
  app.status.subscribe((status) => statuses?.push(status));
  return { events, statuses };
}

/** A servicer that answers, and when it did so. */
function answering(log: string[]) {
  return kindsServicer({
    unary: (request) => {
      log.push(`serves ${request.text}`);
      return { text: request.text };
    },
  });
}

describe('the states of a server', () => {
  it('S2-7 S2-9 are told by server.on and by Nest’s status, each once and in order', async () => {
    const seen: Partial<ReturnType<typeof watched>> = {};
    await using test = await startTestServer({ prepare: (app) => Object.assign(seen, watched(app)) });
    expect(test.server.state).toBe('serving');
    await test.server.stop(null);
    await test.server.stop(null);

    expect(seen.events).toEqual(STATES);
    expect(seen.statuses).toEqual(['starting', ...STATES]);
  });

  it('S2-9 go on when a listener throws, and the others hear of them', async () => {
    const heard: string[] = [];
    await using test = await startTestServer({
      prepare: (app) => {
        for (const state of STATES) {
          app.on(state, () => {
            throw new Error(`${state} is not for me`);
          });
          app.on(state, () => heard.push(state));
        }
      },
    });
    await test.server.stop(null);

    expect(heard).toEqual(STATES);
    expect(test.logger.messages('error')).toEqual(
      STATES.map((state) => `a listener of "${state}" failed: ${state} is not for me`),
    );
  });
});

describe('start', () => {
  it('S2-7 T21 comes before the first call is served, though the port is known and connections are held', async () => {
    const log: string[] = [];
    await using test = await startTestServer({ controllers: [answering(log)], options: { autoStart: false } });
    expect(test.server.ports).toEqual([expect.any(Number)]);
    expect(test.server.state).toBe('starting');
    const call = test.client.unary({ text: 'early' }, { deadline: Infinity });
    const probe = createConnection(test.server.ports[0]!, '127.0.0.1');
    await within(once(probe, 'connect'), 'connecting to a server that does not serve yet');
    probe.destroy();
    await settle();
    expect(log).toEqual([]);

    log.push('starts');
    await test.server.start();
    expect(await within(call.ended, 'the early call')).toMatchObject({ code: StatusCode.OK });
    expect(log).toEqual(['starts', 'serves early']);
  });

  it('S2-7 a second time is refused', async () => {
    await using test = await startTestServer({ options: { autoStart: false } });
    await test.server.start();

    await expect(test.server.start()).rejects.toThrow(new UsageError('Cannot start already-started server!'));
    expect(test.server.state).toBe('serving');
  });

  it('S2-7 after a stop is refused', async () => {
    await using test = await startTestServer({ options: { autoStart: false } });
    await test.server.stop();

    await expect(test.server.start()).rejects.toThrow(UsageError);
    await expect(test.server.start()).rejects.toThrow('a stopped server cannot be started again');
  });

  it('S2-7 before app.listen() is refused with what to call', async () => {
    let refused: Promise<void> | undefined;
    await using test = await startTestServer({
      prepare: (app) => {
        refused = expect(app.get(GrpcServer).start()).rejects.toThrow(
          'The server is not bound yet: await app.listen()',
        );
      },
    });
    await refused;

    expect.assertions(2);
    expect(test.server.state).toBe('serving');
  });
});

describe('awaitTermination', () => {
  it('S2-1 resolves true for every waiter once the server has stopped, also afterwards', async () => {
    await using test = await startTestServer({});
    const waits = [test.server.awaitTermination(), test.server.awaitTermination(), test.server.terminated];
    await test.server.stop(null);

    expect(await Promise.all(waits)).toEqual([true, true, undefined]);
    expect(await test.server.awaitTermination()).toBe(true);
    expect(await test.server.awaitTermination({ timeoutMs: 0 })).toBe(true);
  });

  it('S2-1 resolves false when its time is up first', async () => {
    const clock = new FakeClock();
    await using test = await startTestServer({ clock });
    const wait = test.server.awaitTermination({ timeoutMs: 5_000 });
    await clock.advance(4_999);
    const early = await Promise.race([wait, Promise.resolve('waits')]);
    await clock.advance(1);

    expect([early, await wait]).toEqual(['waits', false]);
    expect(await test.server.awaitTermination({ timeoutMs: 0 })).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('S2-1 may be asked before the server starts', async () => {
    await using test = await startTestServer({ options: { autoStart: false } });
    expect(await test.server.awaitTermination({ timeoutMs: 0 })).toBe(false);
    const wait = test.server.awaitTermination();
    await test.server.start();
    await test.server.stop(null);

    expect(await wait).toBe(true);
  });

  it('S2-2 resolves when stopping is complete, not when it begins', async () => {
    const [clock, release] = [new FakeClock(), deferred()];
    const entered = deferred();
    const unary = async () => {
      entered.resolve();
      await release.promise;
      return {};
    };
    await using test = await startTestServer({ controllers: [kindsServicer({ unary })], clock });
    const { ended } = test.client.unary();
    await within(entered.promise, 'the call');
    const stopped = test.server.stop(60_000);
    const wait = test.server.awaitTermination({ timeoutMs: 1_000 });
    await clock.advance(1_000);
    expect(await wait).toBe(false);
    expect([test.server.state, test.server.signal.aborted]).toEqual(['draining', false]);

    release.resolve();
    await within(stopped, 'the end of the server');
    expect(await ended).toMatchObject({ code: StatusCode.OK });
    expect([test.server.state, test.server.signal.aborted]).toEqual(['terminated', true]);
  });

  it.each([NaN, '5'])('S2-1 refuses %o as a timeout', async (timeoutMs) => {
    await using test = await startTestServer({});

    await expect(test.server.awaitTermination({ timeoutMs: timeoutMs as number })).rejects.toThrow(UsageError);
  });

  it('S2-5 has views that cannot be set from outside', async () => {
    await using test = await startTestServer({});
    const server = test.server as { terminated: unknown; signal: unknown; state: unknown };
    for (const name of ['terminated', 'signal', 'state'] as const) {
      expect(() => (server[name] = 'mine')).toThrow(TypeError);
    }
    test.server.signal.dispatchEvent(new Event('abort'));

    expect(test.server.signal.aborted).toBe(false);
    expect(await test.server.awaitTermination({ timeoutMs: 0 })).toBe(false);
  });

  it('S2-11 comes true at the end of the block that holds the server', async () => {
    await using test = await startTestServer({
      controllers: [kindsServicer({ unary: (_, context) => seen.stay(context) })],
    });
    const seen = new Seen();
    const { ended } = test.client.unary();
    await within(seen.entered.promise, 'the call');
    {
      await using server = test.server;
      expect(server.state).toBe('serving');
    }

    expect(test.server.state).toBe('terminated');
    expect(await ended).toMatchObject({ code: StatusCode.UNAVAILABLE, details: 'Cancelling all calls' });
  });

  it('S2-3 rejects when a listener was closed by somebody else, as a worker of a cluster does that disconnects', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen');
    onTestFinished(() => listen.mockRestore());
    await using test = await startTestServer({});
    const wait = expect(test.server.awaitTermination()).rejects.toThrow(ServerCrashedError);
    (listen.mock.contexts[0] as Server).close();
    await within(wait, 'the end of the server');

    expect(test.server.state).toBe('terminated');
    const crash = 'The server has crashed: the listener on 127.0.0.1:0 was closed from outside';
    expect(test.logger.messages('error')).toEqual([crash]);
    await expect(test.server.awaitTermination({ timeoutMs: 0 })).rejects.toThrow(crash);
  });
});
