import { Catch, UseFilters, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { ServerStream, Servicer, ServicerContext, StatusError, Unary } from 'nestjs-servicer';
import { concat, of, throwError, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Kinds } from './gen/kinds_pb.js';
import { callPath, type Outcome } from './support/raw-service.js';
import { startTestServer, type TestApplication, type TestServer } from './support/test-server.js';

class DomainError extends Error {}

/** What filters were asked about, and by whom. */
const caught: string[] = [];
beforeEach(() => void (caught.length = 0));

/** A filter that answers with its name. */
function filterNamed(name: string, ...types: (new (...args: never[]) => Error)[]): new () => ExceptionFilter<Error> {
  @Catch(...types)
  class NamedFilter implements ExceptionFilter<Error> {
    catch(error: Error, host: ArgumentsHost): Observable<never> {
      const inCall = host.switchToRpc().getContext<ServicerContext>() === ServicerContext.current();
      caught.push(`${name}: ${error.message} ${inCall}`);
      return throwError(() => new StatusError(9, name));
    }
  }
  return NamedFilter;
}

const OfMethod = filterNamed('method', DomainError);
const OfClass = filterNamed('class', DomainError);
const OfAll = filterNamed('catch-all');
const Global = filterNamed('global', DomainError);
const Other = filterNamed('other', RangeError);

const fail = (): never => {
  throw new DomainError('oh');
};

/** Fails at once, in a promise, an Observable, and both kinds of stream after a message. */
abstract class Failing {
  @Unary() async unary(): Promise<object> {
    return fail();
  }
  @ServerStream() async *serve(): AsyncIterable<object> {
    yield { text: 'first' };
    fail();
  }
}

@Servicer(Kinds, { partial: true })
class Plain extends Failing {}

@UseFilters(OfClass)
@Servicer(Kinds, { partial: true })
class Above extends Failing {}

@Servicer(Kinds, { partial: true })
@UseFilters(OfClass)
class Below extends Failing {}

@Servicer(Kinds, { partial: true })
@UseFilters(Other, OfAll)
class CatchAll extends Failing {}

@UseFilters(OfClass)
@Servicer(Kinds, { partial: true })
class OnMethods extends Failing {
  @UseFilters(OfMethod)
  @Unary()
  override async unary(): Promise<object> {
    return fail();
  }
  @ServerStream()
  @UseFilters(OfMethod)
  override async *serve(): AsyncIterable<object> {
    yield { text: 'first' };
    fail();
  }
}

@Servicer(Kinds, { partial: true })
class Observed {
  @Unary() unary(): Observable<object> {
    return throwError(() => new DomainError('oh'));
  }
  @ServerStream() serve(): Observable<object> {
    return concat(
      of({ text: 'first' }),
      throwError(() => new DomainError('oh')),
    );
  }
}

async function both(test: TestServer): Promise<Outcome[]> {
  const call = (rpc: string): Promise<Outcome> => callPath(test.client, `/servicer.test.v1.Kinds/${rpc}`);
  return [await call('Unary'), await call('Serve')];
}

const globally: Omit<TestApplication, 'controllers'> = { providers: [{ provide: APP_FILTER, useClass: Global }] };
const byCall: Omit<TestApplication, 'controllers'> = { prepare: (app) => app.useGlobalFilters(new Global()) };

describe('design 2, a filter sees the error that was thrown, mid-stream too, and keeps its precedence', () => {
  it.each<[winner: string, what: string, servicer: new () => object, application?: object]>([
    ['global', 'an APP_FILTER', Plain, globally],
    ['global', 'an APP_FILTER, of an Observable', Observed, globally],
    ['global', 'useGlobalFilters', Plain, byCall],
    ['global', 'useGlobalFilters, of an Observable', Observed, byCall],
    ['class', 'a class, above @Servicer', Above],
    ['class', 'a class, below @Servicer', Below],
    ['class', 'a class before the application, above', Above, globally],
    ['class', 'a class before the application, below', Below, globally],
    ['catch-all', 'a class with a filter for everything', CatchAll, globally],
    ['method', 'a method before its class and the application', OnMethods, globally],
  ])('%s: of %s', async (winner, _what, servicer, application) => {
    await using test = await startTestServer({ ...application, controllers: [servicer] });

    expect(await both(test)).toEqual([[[9, winner]], ['first', [9, winner]]]);
    expect(caught).toEqual([`${winner}: oh true`, `${winner}: oh true`]);
    expect(test.logger.messages('error')).toEqual([]);
  });

  it('nobody: of filters for other errors', async () => {
    const providers = [{ provide: APP_FILTER, useClass: Other }];
    await using test = await startTestServer({ controllers: [Plain], providers });

    expect(await both(test)).toMatchObject([
      [[2, 'Exception calling application']],
      ['first', [2, 'Exception calling application']],
    ]);
    expect(caught).toEqual([]);
    expect(test.logger.messages('error')).toEqual(['oh', 'oh']);
  });
});

describe('what a filter answers', () => {
  /** Boots a servicer under one global filter. */
  const under = (answer: (error: DomainError, host: ArgumentsHost) => unknown, servicer: new () => object = Plain) => {
    @Catch(DomainError)
    class Answering implements ExceptionFilter<DomainError> {
      catch(error: DomainError, host: ArgumentsHost): unknown {
        return answer(error, host);
      }
    }
    return startTestServer({ controllers: [servicer], prepare: (app) => app.useGlobalFilters(new Answering()) });
  };

  it('a value in an Observable: the response, or the last one of the stream', async () => {
    await using test = await under(() => of({ text: 'instead' }));
    expect(await both(test)).toEqual([['instead'], ['first', 'instead']]);
  });

  it('a plain value, which Nest takes from a filter of a unary handler', async () => {
    await using test = await under(() => ({ text: 'instead' }));
    expect(await callPath(test.client, '/servicer.test.v1.Kinds/Unary')).toEqual(['instead']);
  });

  it('nothing: as if it had not been asked', async () => {
    await using test = await under(() => undefined);
    expect(await callPath(test.client, '/servicer.test.v1.Kinds/Unary')).toEqual([
      [2, 'Exception calling application'],
    ]);
    expect(test.logger.messages('error')).toEqual(['oh']);
  });

  it('an error that it throws itself', async () => {
    await using test = await under(() => {
      throw new StatusError(10, 'thrown by the filter');
    });
    expect(await both(test)).toEqual([[[10, 'thrown by the filter']], ['first', [10, 'thrown by the filter']]]);
  });

  it("Nest's own filter, extended: what was thrown is found again, and logged once", async () => {
    class Extending extends BaseRpcExceptionFilter {
      override catch(error: Error, host: ArgumentsHost): Observable<unknown> {
        caught.push(error.constructor.name);
        return super.catch(error, host);
      }
    }
    Catch()(Extending);
    await using test = await startTestServer({
      controllers: [Plain],
      options: { exposeErrors: true },
      prepare: (app) => app.useGlobalFilters(new Extending()),
    });

    const exposed: [number, string] = [2, 'Exception calling application: oh'];
    expect(await both(test)).toEqual([[exposed], ['first', exposed]]);
    expect(caught).toEqual(['DomainError', 'DomainError']);
    expect(test.logger.messages('error')).toEqual(['oh', 'oh']);
  });
});
