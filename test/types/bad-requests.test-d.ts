// Without a descriptor a handler is checked at the `@Servicer` line. `partial`, so that a class shows one mistake.
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Servicer } from 'nestjs-servicer';
import type { ServicerContext, StreamContext } from 'nestjs-servicer';
import type { Observable } from 'rxjs';
import { describe, it } from 'vitest';
import { Kinds } from '../gen/kinds_pb.js';
import type { Item } from '../gen/kinds_pb.js';
import { KindsService } from '../gen/ts-proto/kinds.js';
import type { Item as TsItem } from '../gen/ts-proto/kinds.js';

interface Other {
  readonly other: string;
}
declare const whole: TsItem;

describe('a request', () => {
  it('is another protobuf-es message', () => {
    // @ts-expect-error must take the request
    @Servicer(Kinds, { partial: true })
    class Bad {
      async unary(_request: Timestamp) {
        return {};
      }
    }
    return Bad;
  });

  it('is something else', () => {
    // @ts-expect-error must take the request
    @Servicer(Kinds, { partial: true })
    class Primitive {
      async unary(_request: string, _context: ServicerContext) {
        return {};
      }
    }
    // @ts-expect-error must take the request
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async unary(_request: Other) {
        return whole;
      }
    }
    // @ts-expect-error must take the request, and no parameter is of type never
    @Servicer(Kinds, { partial: true })
    class Never {
      async unary(_request: never) {
        return {};
      }
    }
    return [Primitive, TsProto, Never];
  });

  it('is narrower than what comes', () => {
    // @ts-expect-error must take the request
    @Servicer(Kinds, { partial: true })
    class Es {
      async unary(_request: Item & { readonly extra: 1 }) {
        return {};
      }
    }
    // @ts-expect-error must take the request
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async *serve(_request: TsItem & Other) {}
    }
    return [Es, TsProto];
  });

  it('is a stream where one comes', () => {
    // @ts-expect-error must take the request
    @Servicer(Kinds, { partial: true })
    class Iterable {
      async unary(_requests: AsyncIterable<Item>) {
        return {};
      }
    }
    // @ts-expect-error must take the request
    @Servicer(KindsService, { partial: true })
    class Observed {
      async *serve(_requests: Observable<TsItem>) {}
    }
    return [Iterable, Observed];
  });

  it('is one where a stream comes', () => {
    // @ts-expect-error must take the requests
    @Servicer(Kinds, { partial: true })
    class Es {
      async collect(_request: Item) {
        return {};
      }
    }
    // @ts-expect-error must take the requests
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async *chat(_request: TsItem) {}
    }
    // @ts-expect-error must take the requests
    @Servicer(Kinds, { partial: true })
    class List {
      async *chat(_requests: Item[]) {}
    }
    return [Es, TsProto, List];
  });

  it('is a stream of something else', () => {
    // @ts-expect-error must take the requests
    @Servicer(Kinds, { partial: true })
    class Es {
      async collect(_requests: AsyncIterable<Timestamp>) {
        return {};
      }
    }
    // @ts-expect-error must take the requests
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async *chat(_requests: Observable<Other>) {}
    }
    return [Es, TsProto];
  });
});

describe('a StreamContext', () => {
  it('is not for unary rpcs', () => {
    // @ts-expect-error a unary rpc has none
    @Servicer(Kinds, { partial: true })
    class Bad {
      async unary(_request: Item, _stream: StreamContext<Item, Item>) {
        return {};
      }
    }
    return Bad;
  });

  it('reads something else', () => {
    // @ts-expect-error of other messages
    @Servicer(Kinds, { partial: true })
    class Es {
      async chat(_stream: StreamContext<Timestamp, Item>) {}
    }
    // @ts-expect-error of other messages
    @Servicer(KindsService, { partial: true })
    class TsProto {
      async chat(_stream: StreamContext<Other, TsItem>) {}
    }
    return [Es, TsProto];
  });

  it('writes something else', () => {
    // @ts-expect-error of other messages
    @Servicer(Kinds, { partial: true })
    class Es {
      async serve(_request: Item, _stream: StreamContext<Item, Other>) {}
    }
    // @ts-expect-error of other responses
    @Servicer(Kinds, { partial: true })
    class Wider {
      async chat(_stream: StreamContext<Item, { text: string; other: string }>) {}
    }
    return [Es, Wider];
  });
});
