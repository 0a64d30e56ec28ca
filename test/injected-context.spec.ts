import { Catch, Injectable, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import type { CallHandler, CanActivate, ExceptionFilter, NestInterceptor, PipeTransform } from '@nestjs/common';
import { OnCancel, ServerStream, Servicer, ServicerContext, StatusError, Unary } from 'nestjs-servicer';
import { finalize, Observable, tap, throwError } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { deferred, until, within, type Deferred } from './support/deferred.js';
import { metadataOf } from './support/raw-service.js';
import { startTestServer } from './support/test-server.js';

/** Where a call's user was asked for, and who it was. */
let seen: string[] = [];
beforeEach(() => (seen = []));

/** A singleton some layers below the handlers. */
@Injectable()
class Users {
  constructor(readonly context: ServicerContext) {}

  note(where: string): void {
    const user = String(this.context.invocationMetadata().get('user'));
    const current = String(ServicerContext.current()?.invocationMetadata().get('user'));
    seen.push(`${where}: ${user}${current === user ? '' : ` but current ${current}`}`);
  }
}

@Injectable()
class NotingGuard implements CanActivate {
  constructor(private readonly users: Users) {}

  canActivate(): boolean {
    this.users.note('guard');
    return true;
  }
}

@Injectable()
class NotingInterceptor implements NestInterceptor {
  constructor(private readonly users: Users) {}

  intercept(_host: unknown, next: CallHandler): Observable<unknown> {
    this.users.note('interceptor');
    return next.handle().pipe(
      tap(() => this.users.note('interceptor next')),
      finalize(() => this.users.note('interceptor finalize')),
    );
  }
}

@Injectable()
class NotingPipe implements PipeTransform {
  constructor(private readonly users: Users) {}

  transform(value: unknown): unknown {
    this.users.note('pipe');
    return value;
  }
}

@Catch(RangeError)
class NotingFilter implements ExceptionFilter {
  constructor(private readonly users: Users) {}

  catch(error: RangeError): Observable<never> {
    this.users.note('filter');
    return throwError(() => new StatusError(11, error.message));
  }
}

@Servicer(Kinds, { partial: true })
@UseGuards(NotingGuard)
@UseInterceptors(NotingInterceptor)
@UsePipes(NotingPipe)
@UseFilters(NotingFilter)
class NotingServicer {
  constructor(
    private readonly users: Users,
    private readonly context: ServicerContext,
  ) {}

  @Unary()
  async unary({ text }: Item) {
    this.users.note('handler');
    this.context.addCallback(() => this.users.note('callback'));
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        this.users.note('timer');
        setImmediate(() => process.nextTick(resolve));
      }, 1);
    });
    this.users.note('after await');
    if (text === 'fail') throw new RangeError('past the end');
    return {};
  }

  @ServerStream()
  async *serve() {
    try {
      for (let count = 0; count < 2; count++) {
        await Promise.resolve();
        this.users.note('generator');
        yield { count };
      }
    } finally {
      this.users.note('finally');
    }
  }
}

const application = { controllers: [NotingServicer], providers: [Users] };
const as = (user: string) => ({ metadata: metadataOf({ user }) });

describe('nest C10, an injected ServicerContext stands for the call that its user works for', () => {
  const around = ['guard', 'interceptor', 'pipe'];
  const unary = [...around, 'handler', 'timer', 'after await', 'interceptor next', 'interceptor finalize', 'callback'];
  const served = ['generator', 'interceptor next'];
  const stream = [...around, ...served, ...served, 'finally', 'interceptor finalize'];

  it('in every step of a unary call', async () => {
    await using test = await startTestServer(application);
    await test.client.unary({}, as('ada')).ended;
    await until(() => seen.length === unary.length, 'the callback');

    expect(seen).toEqual(unary.map((where) => `${where}: ada`));
  });

  it('in a filter', async () => {
    await using test = await startTestServer(application);
    expect(await test.client.unary({ text: 'fail' }, as('ada')).ended).toMatchObject({
      code: 11,
      details: 'past the end',
    });

    expect(seen).toContain('filter: ada');
  });

  it('in every step of a stream', async () => {
    await using test = await startTestServer(application);
    await test.client.serve({}, as('ada')).ended;

    expect(seen).toEqual(stream.map((where) => `${where}: ada`));
  });

  it('for many calls at once', async () => {
    await using test = await startTestServer(application);
    const users = Array.from({ length: 50 }, (_, at) => `user-${at}`);
    await Promise.all(
      users.flatMap((user) => [test.client.unary({}, as(user)).ended, test.client.serve({}, as(user)).ended]),
    );
    await until(() => seen.length === users.length * (unary.length + stream.length), 'the callbacks');

    for (const user of users) {
      const own = seen.filter((line) => line.endsWith(`: ${user}`)).map((line) => line.replace(/: .*/, ''));
      expect(own.toSorted()).toEqual([...unary, ...stream].toSorted());
    }
  });
});

describe('T30, what hears of the end of a call runs in the call', () => {
  @Servicer(Kinds, { partial: true })
  class WaitingServicer {
    static entered: Deferred;

    constructor(private readonly users: Users) {}

    @ServerStream()
    serve({ text }: Item): AsyncIterable<object> | Observable<object> {
      return text === 'observable' ? this.#observable() : this.#generator();
    }

    @OnCancel()
    gone(): void {
      this.users.note('@OnCancel');
    }

    async *#generator() {
      try {
        this.#listen();
        yield { text: 'first' };
        await new Promise((_, reject) => this.users.context.signal.addEventListener('abort', reject));
      } finally {
        this.users.note('finally');
      }
    }

    #observable(): Observable<object> {
      return new Observable((subscriber) => {
        this.#listen();
        subscriber.next({ text: 'first' });
        return () => this.users.note('unsubscribed');
      });
    }

    #listen(): void {
      this.users.context.signal.addEventListener('abort', () => this.users.note('signal'));
      this.users.context.addCallback(() => this.users.note('callback'));
      WaitingServicer.entered.resolve();
    }
  }

  it.each<[produced: string, last: string]>([
    ['generator', 'finally'],
    ['observable', 'unsubscribed'],
  ])('of a stream from a %s', async (produced, last) => {
    WaitingServicer.entered = deferred();
    await using test = await startTestServer({ controllers: [WaitingServicer], providers: [Users] });
    const { call } = test.client.serve({ text: produced }, as('ada'));
    await within(WaitingServicer.entered.promise, 'the handler');
    call.cancel();
    await until(() => seen.length >= 4, 'all that hears of the end');

    expect(seen.toSorted()).toEqual(
      ['signal', 'callback', '@OnCancel', last].map((where) => `${where}: ada`).toSorted(),
    );
  });
});
