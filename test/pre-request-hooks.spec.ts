import { NotFoundException, type ExecutionContext, type INestMicroservice } from '@nestjs/common';
import { NestMicroservice } from '@nestjs/microservices';
import { BidiStream, ClientStream, ServerStream, Servicer, ServicerContext, StatusError, Unary } from 'nestjs-servicer';
import { finalize, tap, type Observable } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Kinds, type Item } from './gen/kinds_pb.js';
import { item } from './support/raw-kinds.js';
import { startTestServer, type TestServer } from './support/test-server.js';

/** What ran, with a plus where the call's context was there. */
const trace: string[] = [];
const step = (name: string): void => void trace.push(`${name} ${ServicerContext.current() === undefined ? '-' : '+'}`);
beforeEach(() => void (trace.length = 0));

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

async function responsesOf(test: TestServer, rpc: 'collect' | 'chat', ...texts: string[]) {
  const { call, responses } = test.client[rpc]();
  for (const text of texts) call.write(item({ text }));
  call.end();
  return responses;
}

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
    expect(await responsesOf(test, 'collect', 'a', 'b')).toMatchObject([{ count: 2 }]);
    expect(trace.splice(0)).toEqual(around('collect', 1));
    expect(await responsesOf(test, 'chat', 'a', 'b')).toMatchObject([{ text: 'a' }, { text: 'b' }]);
    expect(trace.splice(0)).toEqual(around('chat', 2));
  });

  it('that throws ends the call with its status', async ({ skip }) => {
    if (!nest12) return skip('needs Nest 12');
    const hook: Hook = () => {
      throw new StatusError(16, 'not past the hook');
    };
    await using test = await startTestServer({ controllers: [Bare], prepare: hooked(hook) });

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
