// With a descriptor a handler is checked at its own decorator.
import { BidiStream, ClientStream, ServerStream, StreamContext, Unary } from 'nestjs-servicer';
import { of } from 'rxjs';
import { describe, it } from 'vitest';
import { KindsService as ToolsKinds } from '../fixtures/grpc-tools/kinds_grpc_pb.js';
import { Kinds } from '../gen/kinds_pb.js';
import type { Item } from '../gen/kinds_pb.js';
import { KindsService } from '../gen/ts-proto/kinds.js';
import type { Item as TsItem } from '../gen/ts-proto/kinds.js';

interface Other {
  readonly other: string;
}
declare const whole: TsItem;

describe('a decorator', () => {
  it('is of another kind than its rpc', () => {
    class Bad {
      // @ts-expect-error use @ServerStream
      @Unary(Kinds.method.serve)
      async *a() {}
      // @ts-expect-error use @Unary
      @ServerStream(Kinds.method.unary)
      async b() {
        return {};
      }
      // @ts-expect-error use @ServerStream
      @BidiStream(Kinds.method.serve)
      async *c() {}
      // @ts-expect-error use @BidiStream
      @ClientStream(Kinds.method.chat)
      async *d() {}
      // @ts-expect-error use @ServerStream
      @Unary(KindsService.serve)
      async *e() {}
      // @ts-expect-error use @Unary
      @BidiStream(KindsService.unary)
      async f() {
        return whole;
      }
      // @ts-expect-error use @ClientStream
      @Unary(ToolsKinds.collect)
      async g() {}
    }
    return Bad;
  });

  it('names an rpc that does not exist', () => {
    // @ts-expect-error did you mean 'unary'
    Unary(Kinds.method.unry);
    // @ts-expect-error did you mean 'serve'
    ServerStream(KindsService.sevre);
  });

  it('is given no descriptor', () => {
    // @ts-expect-error a service is no method
    Unary(Kinds);
    // @ts-expect-error a service is no method
    Unary(KindsService);
    // @ts-expect-error a name is no method
    Unary('unary');
  });

  it('is on something that is no method', () => {
    class Bad {
      // @ts-expect-error a property is no method
      @Unary()
      a = 1;
      // @ts-expect-error an accessor of a number
      @Unary()
      get b() {
        return this.a;
      }
    }
    return Bad;
  });
});

describe('a handler', () => {
  it('takes the wrong request', () => {
    class Bad {
      // @ts-expect-error the request
      @Unary(Kinds.method.unary)
      async a(_request: Other) {
        return {};
      }
      // @ts-expect-error the request
      @ServerStream(Kinds.method.serve)
      async *b(_requests: AsyncIterable<Item>) {}
      // @ts-expect-error the requests
      @ClientStream(Kinds.method.collect)
      async c(_request: Item) {
        return {};
      }
      // @ts-expect-error the messages of the stream
      @BidiStream(Kinds.method.chat)
      async d(_stream: StreamContext<Other, Item>) {}
      // @ts-expect-error the request
      @Unary(KindsService.unary)
      async e(_request: Item) {
        return whole;
      }
      // @ts-expect-error the requests
      @BidiStream(KindsService.chat)
      async *f(_requests: AsyncIterable<Other>) {}
      // @ts-expect-error a unary rpc has no stream
      @Unary(KindsService.unary)
      async g(_stream: StreamContext) {
        return whole;
      }
    }
    return Bad;
  });

  it('answers wrongly', () => {
    class Bad {
      // @ts-expect-error its reply has no field 'extra'
      @Unary(Kinds.method.unary)
      async a() {
        return { text: '', extra: 1 };
      }
      // @ts-expect-error its reply has no field 'txet'
      @ServerStream(Kinds.method.serve)
      async *b() {
        yield { txet: '' };
      }
      // @ts-expect-error 'count' is of another type
      @ClientStream(Kinds.method.collect)
      c() {
        return of({ count: '1' });
      }
      // @ts-expect-error it must answer a stream
      @BidiStream(Kinds.method.chat)
      async d() {
        return { text: '' };
      }
      // @ts-expect-error a stream that can be waited for
      @ServerStream(Kinds.method.serve)
      *e() {
        yield { text: '' };
      }
      // @ts-expect-error it must answer one reply
      @Unary(Kinds.method.unary)
      async *f() {
        yield { text: '' };
      }
      // @ts-expect-error it answers nothing
      @ClientStream(Kinds.method.collect)
      async g() {}
      // @ts-expect-error a field is missing
      @Unary(KindsService.unary)
      async h() {
        return { text: '' };
      }
      // @ts-expect-error its reply has no field 'extra'
      @ServerStream(KindsService.serve)
      async *i() {
        yield { ...whole, extra: 1 };
      }
      // @ts-expect-error it must answer a stream
      @BidiStream(KindsService.chat)
      async j() {
        return whole;
      }
    }
    return Bad;
  });
});
