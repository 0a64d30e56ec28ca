import { Injectable, NotFoundException, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import type {
  ArgumentMetadata,
  CallHandler,
  CanActivate,
  ExecutionContext,
  INestMicroservice,
  NestInterceptor,
  PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { BidiStream, ClientStream, ServerStream, Servicer, ServicerContext, StatusError, Unary } from 'nestjs-servicer';
import { NestMicroservice } from '@nestjs/microservices';
import { finalize, map, tap, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { item } from './support/raw-kinds.js';
import { startTestServer, type TestServer } from './support/test-server.js';

/** Every step of a call, with a plus where the call's context was there. */
const trace: string[] = [];
const step = (name: string): void => {
  const context = ServicerContext.current();
  trace.push(`${name} ${context === undefined ? '-' : '+'}`);
};
beforeEach(() => void (trace.length = 0));

function guardNamed(name: string): new () => CanActivate {
  @Injectable()
  class NamedGuard implements CanActivate {
    canActivate(host: ExecutionContext): boolean {
      step(`${name} guard`);
      return host.getType() === 'rpc' && host.switchToRpc().getContext() === ServicerContext.current();
    }
  }
  return NamedGuard;
}

function interceptorNamed(name: string): new () => NestInterceptor {
  @Injectable()
  class NamedInterceptor implements NestInterceptor {
    intercept(_host: ExecutionContext, next: CallHandler): Observable<unknown> {
      step(`${name} interceptor`);
      return next.handle().pipe(
        tap(() => step(`${name} next`)),
        finalize(() => step(`${name} finalize`)),
      );
    }
  }
  return NamedInterceptor;
}

function pipeNamed(name: string): new () => PipeTransform {
  @Injectable()
  class NamedPipe implements PipeTransform {
    transform(value: unknown, { type }: ArgumentMetadata): unknown {
      step(`${name} pipe ${type}`);
      return value;
    }
  }
  return NamedPipe;
}

@UseGuards(guardNamed('class'))
@UseInterceptors(interceptorNamed('class'))
@Servicer(Kinds)
class TracedServicer {
  @UseInterceptors(interceptorNamed('method'))
  @Unary()
  @UseGuards(guardNamed('method'))
  @UsePipes(pipeNamed('method'))
  async unary(request: Item, _context: ServicerContext) {
    step('handler');
    await Promise.resolve();
    step('after await');
    return { text: request.text };
  }

  @UseInterceptors(interceptorNamed('method'))
  @ServerStream()
  async *serve({ count }: Item) {
    try {
      for (let at = 0; at < count; at++) {
        step('before yield');
        yield { count: at };
        await Promise.resolve();
        step('after yield');
      }
    } finally {
      step('finally');
    }
  }

  @UseInterceptors(interceptorNamed('method'))
  @ClientStream()
  async collect(requests: AsyncIterable<Item>) {
    for await (const { text } of requests) step(`request ${text}`);
    return {};
  }

  @UseInterceptors(interceptorNamed('method'))
  @BidiStream()
  chat(requests: Observable<Item>) {
    return requests.pipe(
      tap(({ text }) => step(`request ${text}`)),
      map(({ text }) => ({ text })),
    );
  }
}

const APP_WIDE = [
  { provide: APP_GUARD, useClass: guardNamed('app') },
  { provide: APP_INTERCEPTOR, useClass: interceptorNamed('app') },
  { provide: APP_PIPE, useClass: pipeNamed('app') },
];

const before = ['app guard +', 'class guard +', 'app interceptor +', 'class interceptor +', 'method interceptor +'];
const message = ['method next +', 'class next +', 'app next +'];
/** rxjs runs the outermost teardown last. */
const after = ['method finalize +', 'class finalize +', 'app finalize +'];

async function chatOf(test: TestServer, rpc: 'collect' | 'chat', ...texts: string[]) {
  const { call, ended, responses } = test.client[rpc]();
  for (const text of texts) call.write(item({ text }));
  call.end();
  return { ended: await ended, responses: await responses };
}

describe('nest C10, the order of the pipeline, and the context of the call in every step', () => {
  it('unary', async () => {
    await using test = await startTestServer({ controllers: [TracedServicer], providers: APP_WIDE });
    expect(await test.client.unary({ text: 'Ada' }).responses).toMatchObject([{ text: 'Ada' }]);

    expect(trace).toEqual([
      'app guard +',
      'class guard +',
      'method guard +',
      'app interceptor +',
      'class interceptor +',
      'method interceptor +',
      'app pipe body +',
      'app pipe custom +',
      'method pipe body +',
      'method pipe custom +',
      'handler +',
      'after await +',
      ...message,
      ...after,
    ]);
  });

  it('server stream: interceptors see each message, and finalize at its end (nest C4)', async () => {
    await using test = await startTestServer({ controllers: [TracedServicer], providers: APP_WIDE });
    expect(await test.client.serve({ count: 2 }).responses).toHaveLength(2);

    expect(trace).toEqual([
      ...before,
      'app pipe body +',
      ...[1, 2].flatMap(() => ['before yield +', ...message, 'after yield +']),
      'finally +',
      ...after,
    ]);
  });

  it('client stream', async () => {
    await using test = await startTestServer({ controllers: [TracedServicer], providers: APP_WIDE });
    expect((await chatOf(test, 'collect', 'a', 'b')).ended).toMatchObject({ code: 0 });

    expect(trace).toEqual([...before, 'app pipe body +', 'request a +', 'request b +', ...message, ...after]);
  });

  it('bidi stream, over an Observable', async () => {
    await using test = await startTestServer({ controllers: [TracedServicer], providers: APP_WIDE });
    expect((await chatOf(test, 'chat', 'a', 'b')).responses).toMatchObject([{ text: 'a' }, { text: 'b' }]);

    expect(trace).toEqual([
      ...before,
      'app pipe body +',
      'request a +',
      ...message,
      'request b +',
      ...message,
      ...after,
    ]);
  });
});

describe('registerPreRequestHook, which makes every result an Observable', () => {
  type Hook = (host: ExecutionContext, next: () => Observable<unknown>) => Observable<unknown>;
  const hooked = (hook: Hook) => (app: INestMicroservice) => {
    (app as unknown as { registerPreRequestHook(hook: Hook): void }).registerPreRequestHook(hook);
  };
  const nest12 = 'registerPreRequestHook' in NestMicroservice.prototype;

  it('runs around all kinds, in the call, and sees each message', async ({ skip }) => {
    if (!nest12) return skip('needs Nest 12');
    const hook: Hook = (host, next) => {
      step(`hook ${host.getHandler().name}`);
      return next().pipe(
        tap(() => step('hook next')),
        finalize(() => step('hook finalize')),
      );
    };

    @Servicer(Kinds)
    class Bare {
      @Unary() async unary({ text }: Item) {
        return { text };
      }
      @ServerStream() async *serve({ count }: Item) {
        for (let at = 0; at < count; at++) yield { count: at };
      }
      @ClientStream() async collect(requests: AsyncIterable<Item>) {
        let count = 0;
        for await (const request of requests) count += request.text.length;
        return { count };
      }
      @BidiStream() async *chat(requests: AsyncIterable<Item>) {
        for await (const { text } of requests) yield { text };
      }
    }
    await using test = await startTestServer({ controllers: [Bare], prepare: hooked(hook) });
    const around = (rpc: string, messages: number) => [
      `hook ${rpc} +`,
      ...Array<string>(messages).fill('hook next +'),
      'hook finalize +',
    ];

    expect(await test.client.unary({ text: 'Ada' }).responses).toMatchObject([{ text: 'Ada' }]);
    expect(trace.splice(0)).toEqual(around('unary', 1));
    expect(await test.client.serve({ count: 3 }).responses).toHaveLength(3);
    expect(trace.splice(0)).toEqual(around('serve', 3));
    expect((await chatOf(test, 'collect', 'a', 'b')).responses).toMatchObject([{ count: 2 }]);
    expect(trace.splice(0)).toEqual(around('collect', 1));
    expect((await chatOf(test, 'chat', 'a', 'b')).responses).toMatchObject([{ text: 'a' }, { text: 'b' }]);
    expect(trace.splice(0)).toEqual(around('chat', 2));
  });

  it('that throws ends the call with its status', async ({ skip }) => {
    if (!nest12) return skip('needs Nest 12');
    const hook: Hook = () => {
      throw new StatusError(16, 'not past the hook');
    };
    await using test = await startTestServer({ controllers: [TracedServicer], prepare: hooked(hook) });

    expect(await test.client.unary().ended).toMatchObject({ code: 16, details: 'not past the hook' });
    expect(await test.client.serve().ended).toMatchObject({ code: 16, details: 'not past the hook' });
    expect(trace).toEqual([]);
  });

  it('keeps the class of what a handler throws, and its one log line', async ({ skip }) => {
    if (!nest12) return skip('needs Nest 12');

    @Servicer(Kinds, { partial: true })
    class Failing {
      @Unary() async unary(): Promise<object> {
        throw new NotFoundException('no such');
      }
      @ServerStream() async *serve() {
        yield {};
        throw new Error('oh');
      }
    }
    await using test = await startTestServer({ controllers: [Failing], prepare: hooked((_host, next) => next()) });

    expect(await test.client.unary().ended).toMatchObject({ code: 5, details: 'no such' });
    expect(await test.client.serve().ended).toMatchObject({ code: 2 });
    expect(test.logger.messages('error')).toEqual(['oh']);
  });
});
