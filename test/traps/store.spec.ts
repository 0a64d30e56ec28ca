import { AsyncLocalStorage } from 'node:async_hooks';
import * as grpc from '@grpc/grpc-js';
import type { NestInterceptor } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { ServicerContext, StatusCode } from 'nestjs-servicer';
import { Observable, finalize, tap } from 'rxjs';
import { deferred, until, within } from '../support/deferred.js';
import { kindsServicer } from '../support/kinds-servicer.js';
import { item } from '../support/raw-kinds.js';
import { RawHttp2 } from '../support/raw-http2.js';
import { startRawServer } from '../support/raw-server.js';
import { startTestServer } from '../support/test-server.js';

/** Which call each place of a program found itself in. */
class Places {
  readonly seen = new Map<string, (ServicerContext | undefined)[]>();

  note(place: string): void {
    const contexts = this.seen.get(place) ?? [];
    contexts.push(ServicerContext.current());
    this.seen.set(place, contexts);
  }

  /** The places that found another call, or none. */
  strangersTo(...contexts: ServicerContext[]): string[] {
    const others = [...this.seen].filter(([, seen]) => seen.some((context) => !contexts.includes(context!)));
    return others.map(([place]) => place);
  }
}

describe('T30 the call that code works for', () => {
  it('control: a store entered by an interceptor of raw grpc-js does not reach the handler', async () => {
    const store = new AsyncLocalStorage<string>();
    const enter: grpc.ServerInterceptor = (_method, call) =>
      new grpc.ServerInterceptingCall(call, { start: (next) => store.run('the call', () => next()) });
    const seen = deferred<string | undefined>();
    await using test = await startRawServer(
      {
        unary(_call, callback) {
          seen.resolve(store.getStore());
          callback(null, item());
        },
      },
      { interceptors: [enter] },
    );
    await test.client.unary().ended;
    expect(await seen.promise).toBeUndefined();
  });

  const noting = (places: Places): NestInterceptor => ({
    intercept(_context, next) {
      places.note('interceptor');
      return next.handle().pipe(
        tap(() => places.note('interceptor, each message')),
        finalize(() => places.note('interceptor, finalize')),
      );
    },
  });

  it.each([
    ['nothing of the user’s around it', false],
    ['behind an interceptor', true],
  ])('T30 is known everywhere in a generator that is cancelled, %s', async (_pipeline, intercepted) => {
    const places = new Places();
    const { note } = { note: (place: string) => places.note(place) };
    const entered = deferred<ServicerContext>();
    const held = deferred();
    await using test = await startTestServer({
      controllers: [
        kindsServicer(
          {
            async *chat(requests, context) {
              note('handler');
              context.addCallback(() => note('addCallback'));
              context.signal.addEventListener('abort', () => note('abort'));
              setTimeout(() => note('timer'), 0);
              entered.resolve(context);
              try {
                for await (const request of requests) {
                  note('after a request');
                  yield request;
                  note('after a yield');
                  await new Promise((resolve) => setImmediate(resolve));
                  note('after an await');
                  held.resolve();
                }
              } catch (error) {
                note('catch');
                throw error;
              } finally {
                note('finally');
              }
            },
            onCancel: () => note('@OnCancel'),
          },
          { interceptors: intercepted ? [noting(places)] : [] },
        ),
      ],
      prepare: (app) =>
        app
          .useGlobalGuards({ canActivate: () => (note('guard'), true) })
          .useGlobalPipes({ transform: (value: unknown) => (note('pipe'), value) }),
    });
    const { call } = test.client.chat();
    call.write(item());
    const context = await within(entered.promise, 'the handler');
    await within(held.promise, 'a response');
    await until(() => places.seen.has('timer'), 'the timer');
    call.cancel();
    await until(() => places.seen.has('finally') && places.seen.has('@OnCancel'), 'the end of the call');
    expect([...places.seen.keys()].toSorted()).toEqual(
      [
        ...['@OnCancel', 'abort', 'addCallback', 'after a request', 'after a yield', 'after an await', 'catch'],
        ...['finally', 'guard', 'handler', 'pipe', 'timer'],
        ...(intercepted ? ['interceptor', 'interceptor, each message', 'interceptor, finalize'] : []),
      ].toSorted(),
    );
    expect(places.strangersTo(context)).toEqual([]);
    expect(ServicerContext.current()).toBeUndefined();
  });

  it('T30 in the finally of a generator that is held, and at the end of a subscription', async () => {
    const places = new Places();
    const contexts: ServicerContext[] = [];
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          serve(request, context) {
            contexts.push(context);
            if (request.text === 'Observable') return new Observable(() => () => places.note('unsubscribed'));
            return (async function* () {
              try {
                for (;;) yield { blob: Buffer.alloc(48 * 1024) };
              } finally {
                places.note('finally');
              }
            })();
          },
        }),
      ],
    });
    using client = await RawHttp2.connect(test.address);
    const calls = ['Observable', 'generator'].map((text) => client.open('serve').send({ text }).end());
    await until(() => contexts.length === 2, 'both handlers');
    for (const call of calls) call.cancel();
    await until(() => places.seen.size === 2, 'both ends');
    expect(places.strangersTo(...contexts)).toEqual([]);
    expect(new Set([...places.seen.values()].flat()).size).toBe(2);
  });

  it('T30 is its own in each of many calls at once', async () => {
    let mixed = 0;
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async *chat(requests, context) {
            for await (const request of requests) {
              await new Promise((resolve) => setImmediate(resolve));
              if (ServicerContext.current() !== context) mixed += 1;
              yield request;
              if (ServicerContext.current() !== context) mixed += 1;
            }
          },
        }),
      ],
    });
    const calls = Array.from({ length: 50 }, () => test.client.chat());
    for (let n = 0; n < 5; n++) for (const { call } of calls) call.write(item({ count: n }));
    for (const { call } of calls) call.end();
    for (const { ended, responses } of calls) {
      expect(await ended).toMatchObject({ code: StatusCode.OK });
      expect(await responses).toHaveLength(5);
    }
    expect(mixed).toBe(0);
  });

  it('detach() leaves it, and what is started there stays outside', async () => {
    const seen = deferred<unknown[]>();
    await using test = await startTestServer({
      controllers: [
        kindsServicer({
          async unary(_request, context) {
            const inside = context.detach(() => ServicerContext.current());
            const later = await context.detach(async () => {
              await new Promise((resolve) => setImmediate(resolve));
              return ServicerContext.current();
            });
            seen.resolve([inside, later, ServicerContext.current() === context]);
            return {};
          },
        }),
      ],
    });
    await test.client.unary().ended;
    expect(await seen.promise).toEqual([undefined, undefined, true]);
  });
});
