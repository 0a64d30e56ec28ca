import type { CallHandler, ExecutionContext, INestMicroservice } from '@nestjs/common';
import { ServerStream, Servicer, ServicerContext, StreamContext } from 'nestjs-servicer';
import { concatMap, of, take, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { deferred, until, within } from './support/deferred.js';
import { startTestServer } from './support/test-server.js';

describe('a response stream behind interceptors', () => {
  const KIB = 1024;
  const blob = new Uint8Array(KIB);

  /** Counts what a generator produces and what an interceptor sees of it, and the widest gap between the two. */
  function counting(total: number) {
    const counts = { produced: 0, seen: 0, widestGap: 0 };

    @Servicer(Kinds, { partial: true })
    class Counting {
      @ServerStream() async *serve() {
        for (; counts.produced < total;) {
          counts.widestGap = Math.max(counts.widestGap, counts.produced - counts.seen);
          counts.produced += 1;
          yield { blob };
        }
      }
    }
    const prepare = (app: INestMicroservice): void => {
      app.useGlobalInterceptors({
        intercept: (_host: ExecutionContext, next: CallHandler) => next.handle().pipe(tap(() => (counts.seen += 1))),
      });
    };
    return { counts, servicer: Counting, prepare };
  }

  /** Waits until a number has not changed for many turns of the event loop. */
  async function settled(read: () => number): Promise<number> {
    let last = read();
    let turns = 0;
    await until(() => {
      turns = read() === last ? turns + 1 : 0;
      last = read();
      return turns > 300;
    }, 'a number that no longer changes');
    return last;
  }

  it('nest C3, is pulled one message at a time, and not at all for a client that does not read', async () => {
    const total = 3_000;
    const { counts, servicer, prepare } = counting(total);
    await using test = await startTestServer({ controllers: [servicer], prepare });
    const { call, responses } = test.client.serve();
    await within(new Promise((resolve) => call.once('data', resolve)), 'the first response');
    call.pause();

    const stoppedAt = await settled(() => counts.produced);
    expect(stoppedAt).toBeLessThan(600);
    expect(counts.seen).toBe(stoppedAt);

    call.resume();
    expect(await within(responses, 'the rest')).toHaveLength(total);
    expect(counts).toEqual({ produced: total, seen: total, widestGap: 0 });
  });

  it('waits for an interceptor that is done with a message later', async () => {
    @Servicer(Kinds, { partial: true })
    class Three {
      @ServerStream() async *serve() {
        for (const text of ['a', 'b', 'c']) yield { text };
      }
    }
    const later = {
      intercept: (_host: ExecutionContext, next: CallHandler) =>
        next.handle().pipe(concatMap(async (value) => value as object)),
    };
    await using test = await startTestServer({
      controllers: [Three],
      prepare: (app) => app.useGlobalInterceptors(later),
    });

    expect(await test.client.serve().responses).toMatchObject([{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
  });

  it('returns its generator when an interceptor has had enough', async () => {
    const ended = deferred();
    const contexts: unknown[] = [];

    @Servicer(Kinds, { partial: true })
    class Endless {
      @ServerStream() async *serve() {
        try {
          for (let count = 0; ; count++) yield { count };
        } finally {
          contexts.push(ServicerContext.current());
          ended.resolve();
        }
      }
    }
    const two = { intercept: (_host: ExecutionContext, next: CallHandler) => next.handle().pipe(take(2)) };
    await using test = await startTestServer({
      controllers: [Endless],
      prepare: (app) => app.useGlobalInterceptors(two),
    });

    expect(await test.client.serve().responses).toMatchObject([{ count: 0 }, { count: 1 }]);
    await within(ended.promise, "the generator's finally");
    expect(contexts).toEqual([expect.any(ServicerContext)]);
  });

  it('is what an interceptor answers itself, and then no generator is made', async () => {
    const counts = { made: 0 };

    @Servicer(Kinds, { partial: true })
    class Never {
      @ServerStream() async *serve() {
        counts.made += 1;
        yield { text: 'from the handler' };
      }
    }
    const cached = { intercept: () => of({ text: 'a' }, { text: 'b' }) };
    await using test = await startTestServer({
      controllers: [Never],
      prepare: (app) => app.useGlobalInterceptors(cached),
    });

    expect(await test.client.serve().responses).toMatchObject([{ text: 'a' }, { text: 'b' }]);
    expect(counts.made).toBe(0);
  });

  it('in the read/write style is no message of its own', async () => {
    const seen: unknown[] = [];

    @Servicer(Kinds, { partial: true })
    class Writing {
      @ServerStream() async serve(_request: Item, stream: StreamContext<Item, { text: string }>) {
        for (const text of ['a', 'b']) await stream.write({ text });
      }
    }
    const watching = {
      intercept: (_host: ExecutionContext, next: CallHandler) => next.handle().pipe(tap((value) => seen.push(value))),
    };
    await using test = await startTestServer({
      controllers: [Writing],
      prepare: (app) => app.useGlobalInterceptors(watching),
    });

    expect(await test.client.serve().responses).toMatchObject([{ text: 'a' }, { text: 'b' }]);
    expect(seen).toEqual([]);
  });
});
