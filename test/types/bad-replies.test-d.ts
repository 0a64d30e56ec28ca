// Without a descriptor a handler is checked at the `@Servicer` line. `partial`, so that a class shows one mistake.
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Servicer } from 'nestjs-servicer';
import type { StreamContext } from 'nestjs-servicer';
import { of } from 'rxjs';
import { describe, it } from 'vitest';
import { KindsService as ToolsKinds } from '../fixtures/grpc-tools/kinds_grpc_pb.js';
import { Kinds } from '../gen/kinds_pb.js';
import type { Item } from '../gen/kinds_pb.js';
import { KindsService } from '../gen/ts-proto/kinds.js';
import type { Item as TsItem } from '../gen/ts-proto/kinds.js';

declare const timestamp: Timestamp;
declare const whole: TsItem;

describe('a reply', () => {
  it('has only a field that the message does not have', () => {
    // @ts-expect-error its reply has no field 'txet'
    @Servicer(Kinds, { partial: true })
    class Es {
      async unary(request: Item) {
        return { txet: request.text };
      }
    }
    return Es;
  });

  it('has a field that the message does not have beside one that it has', () => {
    // @ts-expect-error its reply has no field 'extra'
    @Servicer(Kinds, { partial: true })
    class Es {
      async unary(request: Item) {
        return { text: request.text, extra: 1 };
      }
    }
    // @ts-expect-error its reply has no field 'extra'
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async *serve(request: TsItem) {
        yield { ...request, extra: 1 };
      }
    }
    // @ts-expect-error its reply has no field 'extra'
    @Servicer(Kinds, { partial: true })
    class Observed {
      chat() {
        return of({ text: '', extra: 1 });
      }
    }
    return [Es, TsProto, Observed];
  });

  it('has a field of the wrong type', () => {
    // @ts-expect-error 'text' is of another type
    @Servicer(Kinds, { partial: true })
    class Es {
      unary() {
        return { text: 5 };
      }
    }
    // @ts-expect-error 'big' is a bigint
    @Servicer(Kinds, { partial: true })
    class Int64 {
      async *serve() {
        yield { big: 5 };
      }
    }
    // @ts-expect-error 'count' is of another type
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async collect() {
        return { ...whole, count: '5' };
      }
    }
    // @ts-expect-error 'count' in one of two
    @Servicer(Kinds, { partial: true })
    class Either {
      unary(request: Item) {
        if (request.count > 0) return { text: '' };
        return { count: '5' };
      }
    }
    return [Es, Int64, TsProto, Either];
  });

  it('is another message', () => {
    // @ts-expect-error a message of another type
    @Servicer(Kinds, { partial: true })
    class Es {
      async unary() {
        return timestamp;
      }
    }
    // @ts-expect-error not grpc-tools' class
    @Servicer(ToolsKinds, { partial: true })
    class Tools {
      async unary() {
        return whole;
      }
    }
    return [Es, Tools];
  });

  it('lacks a field that the source cannot do without', () => {
    // @ts-expect-error ts-proto encodes whole messages
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async unary(request: TsItem) {
        return { text: request.text };
      }
    }
    return TsProto;
  });

  it('is no message', () => {
    // @ts-expect-error a string is no reply
    @Servicer(Kinds, { partial: true })
    class Primitive {
      async unary() {
        return 'hi';
      }
    }
    // @ts-expect-error a list is no reply
    @Servicer(Kinds, { partial: true })
    class List {
      async collect() {
        return [{ text: '' }];
      }
    }
    // @ts-expect-error unknown is no reply
    @Servicer(KindsService, { partial: true })
    class Unknown {
      async unary(): Promise<unknown> {
        return whole;
      }
    }
    return [Primitive, List, Unknown];
  });

  it('is missing, always or sometimes', () => {
    // @ts-expect-error it answers nothing
    @Servicer(Kinds, { partial: true })
    class Nothing {
      async unary() {}
    }
    // @ts-expect-error nothing, and not even later
    @Servicer(KindsService, { partial: true })
    class Never {
      collect() {}
    }
    // @ts-expect-error sometimes undefined
    @Servicer(Kinds, { partial: true })
    class Sometimes {
      async unary(request: Item): Promise<{ text: string } | undefined> {
        return request.count > 0 ? { text: '' } : undefined;
      }
    }
    return [Nothing, Never, Sometimes];
  });
});

describe('the kind', () => {
  it('is a stream where one reply goes', () => {
    // @ts-expect-error it must answer one reply
    @Servicer(Kinds, { partial: true })
    class Generator {
      async *unary() {
        yield { text: '' };
      }
    }
    // @ts-expect-error it must answer one reply
    @Servicer(KindsService, { partial: true })
    class Iterable {
      async collect(requests: AsyncIterable<TsItem>) {
        return requests;
      }
    }
    return [Generator, Iterable];
  });

  it('is one reply where a stream goes', () => {
    // @ts-expect-error it must answer a stream
    @Servicer(Kinds, { partial: true })
    class Later {
      async serve() {
        return { text: '' };
      }
    }
    // @ts-expect-error it must answer a stream
    @Servicer(KindsService, { partial: true })
    class Now {
      chat(): TsItem {
        return whole;
      }
    }
    return [Later, Now];
  });

  it('is an iterable that nobody can wait for', () => {
    // @ts-expect-error it must answer a stream
    @Servicer(Kinds, { partial: true })
    class Generator {
      *serve() {
        yield { text: '' };
      }
    }
    // @ts-expect-error it must answer a stream
    @Servicer(Kinds, { partial: true })
    class List {
      async chat() {
        return [{ text: '' }];
      }
    }
    return [Generator, List];
  });

  it('is nothing at once where a stream goes', () => {
    // @ts-expect-error it must answer a stream
    @Servicer(Kinds, { partial: true })
    class Bad {
      chat(_stream: StreamContext<Item, Item>) {}
    }
    return Bad;
  });

  it('is a stream of something else', () => {
    // @ts-expect-error its reply has no field 'other'
    @Servicer(Kinds, { partial: true })
    class Es {
      async *serve() {
        yield { other: '' };
      }
    }
    // @ts-expect-error a message of another type
    @Servicer(Kinds, { partial: true })
    class Message {
      chat() {
        return of(timestamp);
      }
    }
    // @ts-expect-error a number is no reply
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async *chat() {
        yield 5;
      }
    }
    return [Es, Message, TsProto];
  });
});
