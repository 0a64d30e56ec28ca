import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  BidiStream,
  ClientStream,
  Context,
  Deadline,
  EOF,
  InvocationMetadata,
  Metadata,
  Peer,
  RequestMessage,
  ServerStream,
  Servicer,
  ServicerContext,
  Signal,
  StreamContext,
  Unary,
} from 'nestjs-servicer';
import { describe, expect, it } from 'vitest';
import { Kinds, Odd, type Item } from './gen/kinds_pb.js';
import { item } from './support/raw-kinds.js';
import { callPath, metadataOf } from './support/raw-service.js';
import { callName } from './support/call-name.js';
import { startTestServer } from './support/test-server.js';

const User = createParamDecorator((greeting: string, host: ExecutionContext) => {
  const context = host.switchToRpc().getContext<ServicerContext>();
  return `${greeting} ${String(context.invocationMetadata().get('user'))}`;
});

describe('parameters of a handler', () => {
  class Bare {
    @Unary() name(request: Item, context: ServicerContext) {
      return { text: `${request.text} ${typeof context.peer()} root` };
    }
  }

  class ContextFirst {
    @Unary() name(context: ServicerContext, request: Item) {
      return { text: `${request.text} ${typeof context.peer()} root` };
    }
  }

  class KeyBetween {
    @Unary() name(request: Item, @InvocationMetadata('user') user: string, context: ServicerContext) {
      return { text: `${request.text} ${typeof context.peer()} ${user}` };
    }
  }

  class KeyFirst {
    @Unary() name(@InvocationMetadata('USER') user: string, request: Item, a: ServicerContext, b: ServicerContext) {
      return { text: `${request.text} ${typeof a.peer()} ${a === b ? user : ''}` };
    }
  }

  class OfNest {
    @Unary() name(@Ctx() context: ServicerContext, @Payload() request: Item, @User('I am') user: string) {
      return { text: `${request.text} ${typeof context.peer()} ${user.replace('I am ', '')}` };
    }
  }

  class PartOfRequest {
    @Unary() name(@Payload('text') text: string, context: ServicerContext) {
      return { text: `${text} ${typeof context.peer()} root` };
    }
  }

  class Ours {
    @Unary() name(@User('hi') user: string, @Context() context: unknown, @RequestMessage() request: Item) {
      const isContext = context instanceof ServicerContext;
      return { text: `${request.text} ${isContext ? 'string' : ''} ${user.replace('hi ', '')}` };
    }
  }

  class Untyped {
    @Unary() name(request: unknown, context: unknown) {
      const isContext = context instanceof ServicerContext;
      return { text: `${(request as Item).text} ${isContext ? 'string' : ''} root` };
    }
  }

  it.each<[what: string, servicer: new () => object]>([
    ['bare', Bare],
    ['a context before the request, bound by its class', ContextFirst],
    ['a metadata key between the two', KeyBetween],
    ['a metadata key first, two contexts last', KeyFirst],
    ["Nest's own decorators, and one of the application", OfNest],
    ["Nest's for a part of the request, and a bare context", PartOfRequest],
    ['ours in any order', Ours],
    ['without types', Untyped],
  ])('%s', async (_what, servicer) => {
    expect(await callName(servicer, { user: 'root' })).toEqual(['Ada string root']);
  });

  it('none', async () => {
    class None {
      @Unary() name() {
        return { text: 'none' };
      }
    }
    expect(await callName(None)).toEqual(['none']);
  });

  it('all that a call has', async () => {
    class Everything {
      @Unary()
      name(
        @Peer() peer: string,
        @Signal() signal: AbortSignal,
        @InvocationMetadata() metadata: Metadata,
        @InvocationMetadata('absent') absent: string | undefined,
        @InvocationMetadata('bytes-bin') bytes: Uint8Array,
        @Deadline() deadline: Date | null,
        context: ServicerContext,
        request: Item,
      ) {
        expect(peer).toBe(context.peer());
        expect(signal).toBe(context.signal);
        expect(metadata).toBe(context.invocationMetadata());
        expect(absent).toBeUndefined();
        expect(Buffer.from(bytes).toString()).toBe('raw');
        expect(deadline).toBeNull();
        return { text: request.text };
      }
    }
    expect(await callName(Everything, { 'bytes-bin': Buffer.from('raw') })).toEqual(['Ada']);
  });

  it('@Deadline() is the instant that the client set', async () => {
    @Servicer(Kinds, { partial: true })
    class Timed {
      @Unary() unary(@Deadline() deadline: Date) {
        return { big: BigInt(deadline.getTime()) };
      }
    }
    await using test = await startTestServer({ controllers: [Timed] });
    const deadline = Date.now() + 60_000;
    const [response] = await test.client.unary({}, { deadline }).responses;

    // the wire carries what is left of it, so the way there adds to it
    expect(Number(response?.big) - deadline).toBeGreaterThan(-10);
    expect(Number(response?.big) - deadline).toBeLessThan(5_000);
  });

  it('a StreamContext is bound by its class wherever it stands', async () => {
    @Servicer(Kinds, { partial: true })
    class Streams {
      @ServerStream() async serve(
        @InvocationMetadata('user') user: string,
        request: Item,
        stream: StreamContext<Item, { text: string }>,
      ) {
        await stream.write({ text: `${user} ${request.text}` });
      }
      @BidiStream() async chat(stream: StreamContext<Item, { text: string }>, @Signal() signal: AbortSignal) {
        for (let request = await stream.read(); request !== EOF; request = await stream.read()) {
          await stream.write({ text: `${request.text} ${signal.aborted}` });
        }
      }
      @ClientStream() async collect(stream: StreamContext<Item>, requests: AsyncIterable<Item>) {
        let text = stream.peer().slice(0, 4);
        for await (const request of requests) text += ` ${request.text}`;
        return { text };
      }
    }
    await using test = await startTestServer({ controllers: [Streams] });
    const served = test.client.serve({ text: 'Ada' }, { metadata: metadataOf({ user: 'root' }) });
    const chat = test.client.chat();
    const collected = test.client.collect();
    for (const { call } of [chat, collected]) {
      call.write(item({ text: 'a' }));
      call.end();
    }

    expect(await served.responses).toMatchObject([{ text: 'root Ada' }]);
    expect(await chat.responses).toMatchObject([{ text: 'a false' }]);
    expect(await collected.responses).toMatchObject([{ text: 'ipv4 a' }]);
  });
});

describe('what @Servicer does to a class', () => {
  it('keeps the identity of its methods, and what other decorators recorded on them', async () => {
    const mark = (_prototype: object, _key: string, { value }: PropertyDescriptor): void =>
      Reflect.defineMetadata('mark', 'kept', value as object);

    class Plain {
      @mark @Unary() name(request: Item) {
        return { text: `hi ${request.text}` };
      }
    }
    const methodOf = (): unknown => Object.getOwnPropertyDescriptor(Plain.prototype, 'name')?.value;
    const before = methodOf();

    expect(await callName(Plain)).toEqual(['hi Ada']);
    expect(methodOf()).toBe(before);
    expect(Reflect.getMetadata('mark', before as object)).toBe('kept');
  });

  it('a descriptor pairs a method of another name', async () => {
    @Servicer(Kinds, { partial: true })
    class Renamed {
      @Unary(Kinds.method.unary) greet(request: Item) {
        return { text: `hi ${request.text}` };
      }
      @ServerStream(Kinds.method.serve) async *list(request: Item) {
        yield { text: request.text };
      }
    }
    await using test = await startTestServer({ controllers: [Renamed] });

    expect(await test.client.unary({ text: 'Ada' }).responses).toMatchObject([{ text: 'hi Ada' }]);
    expect(await test.client.serve({ text: 'Ada' }).responses).toMatchObject([{ text: 'Ada' }]);
    expect(test.logger.messages('log')).toContain('Mapped {/servicer.test.v1.Kinds/Unary, unary} to Renamed.greet');
  });
});

describe('names that an object already has, or that Nest gives a meaning', () => {
  @Servicer(Odd)
  class OddServicer {
    readonly calls: string[] = [];
    @Unary() then$() {
      return this.#answer('then');
    }
    @Unary() constructor$() {
      return this.#answer('constructor');
    }
    @Unary() onModuleInit$() {
      return this.#answer('onModuleInit');
    }
    @Unary() toString$() {
      return this.#answer('toString');
    }
    @Unary() name() {
      return this.#answer('name');
    }
    #answer(text: string): { text: string } {
      this.calls.push(text);
      return { text };
    }
  }

  it('are served by methods with a suffix, which nobody but a client calls', async () => {
    await using test = await startTestServer({ controllers: [OddServicer] });
    const rpcs = ['Then', 'Constructor', 'OnModuleInit', 'ToString', 'Name'];
    const outcomes = await Promise.all(rpcs.map((rpc) => callPath(test.client, `/servicer.test.v1.Odd/${rpc}`)));

    const names = ['then', 'constructor', 'onModuleInit', 'toString', 'name'];
    expect(outcomes).toEqual(names.map((name) => [name]));
    expect(test.app.get(OddServicer).calls.toSorted()).toEqual(names.toSorted());
  });
});
