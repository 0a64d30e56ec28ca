import { Catch, Injectable, Scope, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { NestMicroservice } from '@nestjs/microservices';
import { ServerStream, Servicer } from 'nestjs-servicer';
import { tap, throwError, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Kinds } from './gen/kinds_pb.js';
import { callPath } from './support/raw-service.js';
import { startTestServer, type TestApplication, type TestServer } from './support/test-server.js';

@Injectable()
class Watches implements NestInterceptor {
  static seen = 0;

  intercept(_host: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap(() => (Watches.seen += 1)));
  }
}

@Injectable({ scope: Scope.REQUEST })
class WatchesEachCall extends Watches {}

@Catch(RangeError)
class NeverAsked {
  catch(): Observable<never> {
    return throwError(() => new Error('nobody throws a RangeError here'));
  }
}

/** Answers one message and fails: who logs the failure tells whether Nest saw it, and so whether the gate is there. */
abstract class Failing {
  @ServerStream() async *serve() {
    yield { text: 'first' };
    throw new Error('oh');
  }
}

type Bind = ClassDecorator | undefined;

/** A class of its own for each application: the gates are the class's. */
function failing(onClass?: Bind, onMethod?: MethodDecorator): new () => object {
  class Servicer0 extends Failing {
    @ServerStream() override async *serve() {
      yield* super.serve();
    }
  }
  const { prototype } = Servicer0;
  onMethod?.(prototype, 'serve', Object.getOwnPropertyDescriptor(prototype, 'serve')!);
  (Servicer(Kinds, { partial: true }) as ClassDecorator)(Servicer0);
  onClass?.(Servicer0);
  return Servicer0;
}

const path = '/servicer.test.v1.Kinds/Serve';

/** @param logger of the application that booted last: Nest has one for the whole process */
async function isGated(test: TestServer, { lines } = test.logger): Promise<boolean> {
  const known = lines.length;
  expect(await callPath(test.client, path)).toEqual(['first', [2, 'Exception calling application']]);
  const owners = lines.slice(known).map(({ rest }) => rest.at(-1));
  expect(['GrpcServer', 'RpcExceptionsHandler'].map((owner) => [owner])).toContainEqual(owners);
  return owners[0] === 'RpcExceptionsHandler';
}

const guard = { canActivate: () => true };
const pipe = { transform: (value: unknown) => value };

describe('design 1, the gate that turns a stream into messages for interceptors and filters', () => {
  it.each<[what: string, servicer: new () => object, application?: Omit<TestApplication, 'controllers'>]>([
    ['nothing', failing()],
    [
      'a guard and a pipe',
      failing(UseGuards(guard)),
      { prepare: (app) => app.useGlobalPipes(pipe).useGlobalGuards(guard) },
    ],
    [
      'a guard and a pipe of the method',
      failing(undefined, (...at) => [UseGuards(guard), UsePipes(pipe)].forEach((bind) => bind(...at))),
    ],
  ])('is left out where nothing could care: %s', async (_what, servicer, application) => {
    await using test = await startTestServer({ ...application, controllers: [servicer] });
    expect(await isGated(test)).toBe(false);
  });

  it.each<[what: string, servicer: new () => object, application?: Omit<TestApplication, 'controllers'>]>([
    ['an interceptor of the class', failing(UseInterceptors(Watches))],
    ['an interceptor of the method', failing(undefined, UseInterceptors(new Watches()))],
    ['a filter of the class', failing(UseFilters(NeverAsked))],
    ['a filter of the method', failing(undefined, UseFilters(new NeverAsked()))],
    ['an APP_INTERCEPTOR', failing(), { providers: [{ provide: APP_INTERCEPTOR, useClass: Watches }] }],
    [
      'a request-scoped APP_INTERCEPTOR',
      failing(),
      { providers: [{ provide: APP_INTERCEPTOR, useClass: WatchesEachCall }] },
    ],
    ['an APP_FILTER', failing(), { providers: [{ provide: APP_FILTER, useClass: NeverAsked }] }],
    ['useGlobalInterceptors', failing(), { prepare: (app) => app.useGlobalInterceptors(new Watches()) }],
    ['useGlobalFilters', failing(), { prepare: (app) => app.useGlobalFilters(new NeverAsked()) }],
  ])('is kept for %s', async (_what, servicer, application) => {
    await using test = await startTestServer({ ...application, controllers: [servicer] });
    expect(await isGated(test)).toBe(true);
  });

  it('is kept for a hook before the guards', async ({ skip }) => {
    if (!('registerPreRequestHook' in NestMicroservice.prototype)) return skip('needs Nest 12');
    const prepare = (app: object): void => {
      (
        app as { registerPreRequestHook(hook: (host: unknown, next: () => unknown) => unknown): void }
      ).registerPreRequestHook((_host, next) => next());
    };
    await using test = await startTestServer({ controllers: [failing()], prepare });
    expect(await isGated(test)).toBe(true);
  });

  it('is left out again once the application that watched is closed', async () => {
    await using watching = await startTestServer({
      controllers: [failing()],
      providers: [{ provide: APP_INTERCEPTOR, useClass: Watches }],
    });
    await watching.app.close();

    await using test = await startTestServer({ controllers: [failing()] });
    expect(await isGated(test)).toBe(false);
  });
});

describe('seams 4, two applications of one process that share a servicer class', () => {
  const watching = { providers: [{ provide: APP_INTERCEPTOR, useClass: Watches }] };

  it('the one that watches first: it goes on to watch, and the other is served', async () => {
    const controllers = [failing()];
    await using first = await startTestServer({ ...watching, controllers });
    await using second = await startTestServer({ controllers });

    await expectApart(first, second);
    // needlessly, but harmless
    expect([await isGated(first, second.logger), await isGated(second)]).toEqual([true, true]);
  });

  it('the one that watches first, once it is closed: the other is served as before', async () => {
    const controllers = [failing()];
    await using first = await startTestServer({ ...watching, controllers });
    await using second = await startTestServer({ controllers });
    await first.app.close();

    expect(await isGated(second)).toBe(true);
  });

  it('the one that watches last: the other is left without the gate', async () => {
    const controllers = [failing()];
    await using first = await startTestServer({ controllers });
    await using second = await startTestServer({ ...watching, controllers });

    await expectApart(second, first);
    expect([await isGated(first, second.logger), await isGated(second)]).toEqual([false, true]);
  });

  /** Many calls to both at once: each gets its answer, and only one of the two is watched. */
  async function expectApart(watched: TestServer, other: TestServer): Promise<void> {
    Watches.seen = 0;
    const calls = Array.from({ length: 100 }, (_, at) => callPath((at % 2 === 0 ? watched : other).client, path));
    const outcomes = await Promise.all(calls);

    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome)))).toEqual(
      new Set([JSON.stringify(['first', [2, 'Exception calling application']])]),
    );
    expect(Watches.seen).toBe(50);
  }
});
