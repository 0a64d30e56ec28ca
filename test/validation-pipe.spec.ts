import { ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { IsNotEmpty } from 'class-validator';
import {
  BidiStream,
  ClientStream,
  Context,
  Deadline,
  InvocationMetadata,
  Metadata,
  Peer,
  RequestMessage,
  ServicerContext,
  Signal,
  StreamContext,
  Unary,
} from 'nestjs-servicer';
import { firstValueFrom, map, Observable, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Kinds, Odd, type Item } from './gen/kinds_pb.js';
import { callName } from './support/call-name.js';
import { item } from './support/raw-kinds.js';
import { callPath } from './support/raw-service.js';
import { Serves } from './support/refusal.js';
import { startTestServer } from './support/test-server.js';

describe('under a ValidationPipe that transforms', () => {
  class NameRequest {
    @IsNotEmpty()
    text!: string;
  }

  class Validated {
    @Unary() name(request: NameRequest, context: ServicerContext) {
      return { text: `${request.text} ${request instanceof NameRequest} ${context === ServicerContext.current()}` };
    }
  }

  const pipe = (options = {}) => ({ provide: APP_PIPE, useValue: new ValidationPipe({ transform: true, ...options }) });

  it('a unary request becomes the declared class', async () => {
    expect(await callName(Validated, {}, { providers: [pipe()] })).toEqual(['Ada true true']);
  });

  it('nest C7, a request that is not valid ends its call as INVALID_ARGUMENT', async () => {
    Serves(Odd, { partial: true })(Validated);
    await using test = await startTestServer({ controllers: [Validated], providers: [pipe()] });
    expect(await callPath(test.client, '/servicer.test.v1.Odd/Name')).toEqual([[3, 'text should not be empty']]);
  });

  class BareStreams {
    @ClientStream() async collect(requests: Observable<Item>) {
      return { count: (await firstValueFrom(requests.pipe(toArray()))).length };
    }
    @BidiStream() chat(requests: Observable<Item>) {
      return requests.pipe(map(({ text }) => ({ text })));
    }
  }

  class DecoratedStreams {
    @ClientStream() async collect(@RequestMessage() requests: Observable<Item>) {
      return { count: (await firstValueFrom(requests.pipe(toArray()))).length };
    }
    @BidiStream() chat(@InvocationMetadata('user') _user: string, @Payload() requests: Observable<Item>) {
      return requests.pipe(map(({ text }) => ({ text })));
    }
  }

  class BesideContexts {
    @ClientStream() async collect(_stream: StreamContext<Item>, requests: Observable<Item>) {
      return { count: (await firstValueFrom(requests.pipe(toArray()))).length };
    }
    @BidiStream() chat(requests: Observable<Item>, _stream: StreamContext<Item>) {
      return requests.pipe(map(({ text }) => ({ text })));
    }
  }

  it.each<[what: string, servicer: new () => object]>([
    ['bare', BareStreams],
    ['decorated', DecoratedStreams],
    ['beside a StreamContext', BesideContexts],
  ])('a stream of requests declared as an Observable is left alone, %s', async (_what, servicer) => {
    Serves(Kinds, { partial: true })(servicer);
    await using test = await startTestServer({ controllers: [servicer], providers: [pipe()] });
    const collected = test.client.collect();
    const chat = test.client.chat();
    for (const { call } of [collected, chat]) {
      for (const text of ['a', 'b']) call.write(item({ text }));
      call.end();
    }

    expect(await collected.responses).toMatchObject([{ count: 2 }]);
    expect(await chat.responses).toMatchObject([{ text: 'a' }, { text: 'b' }]);
  });

  it('what comes from the call is left alone, even if the pipe looks at custom decorators', async () => {
    class Decorated {
      @Unary()
      name(
        @Context() context: ServicerContext,
        @Signal() signal: AbortSignal,
        @InvocationMetadata() metadata: Metadata,
        @Deadline() deadline: Date | null,
        @Peer() peer: string,
        other: ServicerContext,
        request: NameRequest,
      ) {
        const own = [
          context.signal === signal,
          context.invocationMetadata() === metadata,
          context.peer() === peer,
          context === other,
        ];
        return { text: `${request.text} ${own.join(' ')} ${String(deadline)}` };
      }
    }
    const providers = [pipe({ validateCustomDecorators: true })];
    expect(await callName(Decorated, {}, { providers })).toEqual(['Ada true true true true null']);
  });
});
