import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CallEndedError, StatusCode } from 'nestjs-servicer';
import { deferred, until, within } from '../support/deferred.js';
import { kindsServicer, type Items } from '../support/kinds-servicer.js';
import { RawHttp2 } from '../support/raw-http2.js';
import { startRawServer } from '../support/raw-server.js';
import { startTestServer } from '../support/test-server.js';

const CANCELS = 1_000;
/** HTTP/2 servers drop a connection on which too many streams are reset. */
const CALLS_PER_CONNECTION = 50;

/** The same numbers in every run. */
function* pseudoRandom(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** How the requests of the calls ended, as their handler saw it. */
class Ends {
  started = 0;
  complete = 0;
  cancelled = 0;

  async collect(requests: Items): Promise<object> {
    this.started += 1;
    try {
      for await (const _request of requests);
    } catch (error) {
      // a client that closes its connection at once may be heard of as that
      if (error instanceof CallEndedError && /client|connection/.test(error.reason)) this.cancelled += 1;
      throw error;
    }
    this.complete += 1;
    return {};
  }

  settled(): Promise<void> {
    return until(() => this.complete + this.cancelled === this.started, 'the end of every handler');
  }
}

describe('T11 a cancel is no half-close', () => {
  it('control: in raw grpc-js the requests of a cancelled call end as if they were complete', async () => {
    const entered = deferred();
    const thrown = deferred<unknown>();
    await using test = await startRawServer({
      async collect(call) {
        try {
          for await (const _request of call) entered.resolve();
          thrown.resolve(undefined);
        } catch (error) {
          thrown.resolve(error);
        }
      },
    });
    using client = await RawHttp2.connect(test.address);
    const call = client.open('collect').send();
    await within(entered.promise, 'the first request');
    call.cancel();
    expect(await within(thrown.promise, 'the end of the requests')).toBeUndefined();
  });

  it(`T11 of ${CANCELS} random cancels none looks like the end of the requests`, async () => {
    const ends = new Ends();
    await using test = await startTestServer({
      controllers: [kindsServicer({ collect: (requests) => ends.collect(requests) })],
    });
    const random = pseudoRandom(11);
    const next = (below: number): number => Math.floor(random.next().value * below);
    let cancels = 0;
    let halfCloses = 0;
    while (cancels < CANCELS) {
      using client = await RawHttp2.connect(test.address);
      const calls = Array.from({ length: CALLS_PER_CONNECTION }, async () => {
        const call = client.open('collect').read();
        for (let messages = next(4); messages > 0; messages--) call.send({ blob: Buffer.alloc(next(3_000)) });
        for (let turns = next(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
        if (next(4) > 0) {
          cancels += 1;
          call.cancel();
          await call.ended;
        } else {
          halfCloses += 1;
          expect(await call.end().ended).toMatchObject({ code: StatusCode.OK });
        }
      });
      await within(Promise.all(calls), 'the end of the calls');
    }

    await ends.settled();
    expect(ends.complete).toBe(halfCloses);
    expect(ends.cancelled).toBeGreaterThan(CANCELS / 2);
    // nothing is left in the registry: otherwise this would take the grace period
    await within(test.server.stop(60_000), 'the end of the server');
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('T11 nor does one of 500 of a grpc-js client in another process, which half-closes before it resets', async () => {
    const ends = new Ends();
    await using test = await startTestServer({
      controllers: [kindsServicer({ collect: (requests) => ends.collect(requests) })],
    });
    const program = fileURLToPath(new URL('../support/cancelling-client.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, test.address, '500']);

    await ends.settled();
    expect(ends.complete).toBe(Number(stdout));
    expect(ends.cancelled).toBeGreaterThan(250);
  });
});
