import {
  Catch,
  ConflictException,
  NotFoundException,
  type ExceptionFilter,
  type INestMicroservice,
} from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { ServicerContext, StatusCode, StatusError } from 'nestjs-servicer';
import { Observable, Subject, defer, map, tap, throwError } from 'rxjs';
import { deferred, until, within } from './support/deferred.js';
import { kindsServicer } from './support/kinds-servicer.js';
import { startTestServer, type TestServer } from './support/test-server.js';

const CALLS = 3_000;
const AT_ONCE = 150;

class Odd extends Error {}

@Catch(Odd)
class OddFilter implements ExceptionFilter<Odd> {
  catch(error: Odd): Observable<never> {
    return throwError(() => new StatusError(StatusCode.FAILED_PRECONDITION, `filtered: ${error.message}`));
  }
}

/** Feeds streams of both applications at once. */
const bus = new Subject<void>();

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

/** Work that goes on after some turns of the loop. */
const later = (count: number): Observable<void> => defer(() => turns(count));

/** Ways to fail, each with an error of its own class and the call's own id. */
const FAILURES = {
  async rejects(id: string, count: number) {
    await turns(count);
    throw new NotFoundException(id);
  },
  errs: (id: string, count: number) => later(count).pipe(tap(() => fail(new NotFoundException(id)))),
  async *yieldsAndThrows(id: string, count: number) {
    yield { text: id };
    await turns(count);
    throw new ConflictException(id);
  },
  bus: (id: string) => bus.pipe(map(() => fail(new ConflictException(id)))),
  odd: (id: string, count: number) => later(count).pipe(tap(() => fail(new Odd(id)))),
  async *oddly(id: string, count: number) {
    await turns(count);
    yield { text: id };
    throw new Odd(id);
  },
} as const;

type Failure = keyof typeof FAILURES;
const UNARY = new Set<Failure>(['rejects', 'errs']);

function fail(error: Error): never {
  throw error;
}

function run(request: { readonly text: string; readonly count: number }): unknown {
  const [failure = ''] = request.text.split(' ');
  return FAILURES[failure as Failure](request.text, request.count);
}

/** One class, served by both. */
const Shared = kindsServicer({ unary: run, serve: run });

const filtered = (app: INestMicroservice): void =>
  void app
    .useGlobalInterceptors({ intercept: (_context, next) => next.handle().pipe(tap()) })
    .useGlobalFilters(new OddFilter());

const start = (hasFilter: boolean): Promise<TestServer> =>
  startTestServer({ controllers: [Shared], ...(hasFilter && { prepare: filtered }) });

describe('two applications in one process', () => {
  it.each([
    ['the one with an interceptor and a filter first', true],
    ['the bare one first', false],
  ])(`never swap the errors of ${CALLS} calls: %s`, async (_order, filterFirst) => {
    await using first = await start(filterFirst);
    await using second = await start(!filterFirst);
    const expected = (failure: Failure, id: string, hasFilter: boolean): unknown => {
      if (UNARY.has(failure)) return { code: StatusCode.NOT_FOUND, details: id };
      if (failure !== 'odd' && failure !== 'oddly') return { code: StatusCode.ALREADY_EXISTS, details: id };
      return hasFilter
        ? { code: StatusCode.FAILED_PRECONDITION, details: `filtered: ${id}` }
        : { code: StatusCode.UNKNOWN, details: 'Exception calling application' };
    };
    const failures = Object.keys(FAILURES) as Failure[];
    let feeding = true as boolean;
    const feeder = (async () => {
      while (feeding) {
        bus.next();
        await turns(3);
      }
    })();

    const wrong: unknown[] = [];
    let next = 0;
    const caller = async (): Promise<void> => {
      for (let n = next++; n < CALLS; n = next++) {
        const inFirst = Math.floor(n / failures.length) % 2 === 0;
        const failure = failures[n % failures.length]!;
        const { client } = inFirst ? first : second;
        const id = `${failure} ${n} of the ${inFirst ? 'first' : 'second'}`;
        const request = { text: id, count: (n * 7) % 4 };
        const { ended } = UNARY.has(failure) ? client.unary(request) : client.serve(request);
        const { code, details } = await within(ended, `the end of ${id}`);
        const right = expected(failure, id, inFirst === filterFirst);
        if (JSON.stringify({ code, details }) !== JSON.stringify(right)) wrong.push({ got: { code, details }, right });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
    feeding = false;
    await feeder;
    expect(wrong).toEqual([]);
  });

  it('end apart: one goes on serving when the other has stopped', async () => {
    const contexts: ServicerContext[] = [];
    const servicer = kindsServicer({
      async serve(_request, context) {
        contexts.push(context);
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      },
      unary: async () => ({ text: 'served' }),
    });
    await using first = await startTestServer({ controllers: [servicer] });
    await using second = await startTestServer({ controllers: [servicer] });
    const streams = [first.client.serve(), second.client.serve()];
    await until(() => contexts.length === 2, 'both streams');
    await within(first.server.stop(null), 'the end of the first');
    expect(await streams[0]!.ended).toMatchObject({ code: StatusCode.UNAVAILABLE });
    expect(contexts.filter((context) => context.signal.aborted)).toHaveLength(1);
    expect(await second.client.unary().responses).toMatchObject([{ text: 'served' }]);
    streams[1]!.call.cancel();
  });

  it('a call of one that is made by a handler of the other has a context of its own', async () => {
    const seen = deferred<unknown>();
    await using inner = await startTestServer({
      controllers: [
        kindsServicer({
          unary: async (_request, context) => ({ text: String(ServicerContext.current() === context) }),
        }),
      ],
    });
    await using outer = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            const [answer] = await inner.client.unary().responses;
            seen.resolve([answer?.text, ServicerContext.current() === context]);
            return {};
          },
        }),
      ],
    });
    expect(await within(outer.client.unary().ended, 'the outer call')).toMatchObject({ code: StatusCode.OK });
    expect(await seen.promise).toEqual(['true', true]);
  });
});
