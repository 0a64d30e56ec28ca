import { Injectable, Module, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import type {
  ArgumentMetadata,
  CallHandler,
  CanActivate,
  ExecutionContext,
  NestInterceptor,
  PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, NestFactory } from '@nestjs/core';
import {
  BidiStream,
  ClientStream,
  GrpcServer,
  GrpcServerModule,
  ServerStream,
  Servicer,
  ServicerContext,
  Unary,
} from 'nestjs-servicer';
import { finalize, map, tap, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { item, RawKinds } from './support/raw-kinds.js';
import { TestLogger } from './support/test-logger.js';
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

describe('nest C6 and C10, the order of the pipeline, and the context of the call in every step', () => {
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

describe('nest C8, in a hybrid application', () => {
  it('what the application binds globally stands before gRPC too', async () => {
    @Module({
      imports: [GrpcServerModule.forRoot({ listen: '127.0.0.1:0' })],
      controllers: [TracedServicer],
      providers: APP_WIDE,
    })
    class HybridModule {}

    const app = await NestFactory.create(HybridModule, { logger: new TestLogger(), abortOnError: false });
    onTestFinished(() => app.close());
    app.useGlobalInterceptors(new (interceptorNamed('use'))());
    const server = GrpcServer.connect(app);
    await app.startAllMicroservices();
    await app.init();
    const client = new RawKinds(`127.0.0.1:${server.ports[0] ?? 0}`);
    onTestFinished(() => client.close());

    expect(await client.serve({ count: 1 }).responses).toHaveLength(1);
    expect(trace.filter((line) => line.startsWith('app guard') || line.endsWith('next +'))).toEqual([
      'app guard +',
      'method next +',
      'class next +',
      'use next +',
      'app next +',
    ]);
  });
});
