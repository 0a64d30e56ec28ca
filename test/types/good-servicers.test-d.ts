import {
  BidiStream,
  ClientStream,
  EOF,
  ServerStream,
  Servicer,
  ServicerContext,
  StreamContext,
  Unary,
} from 'nestjs-servicer';
import type { Reply, Request } from 'nestjs-servicer';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';
import { describe, it } from 'vitest';
import type { LoadedService } from '../../framework/src/schema/from-proto-files.js';
import { withCodecs } from '../../framework/src/schema/with-codecs.js';
import type { Item as ToolsItem } from '../fixtures/grpc-tools/kinds_pb.js';
import { KindsService as ToolsKinds, OddService as ToolsOdd } from '../fixtures/grpc-tools/kinds_grpc_pb.js';
import { Kinds, Odd } from '../gen/kinds_pb.js';
import type { Item } from '../gen/kinds_pb.js';
import { KindsService, OddService } from '../gen/ts-proto/kinds.js';
import type { Item as TsItem } from '../gen/ts-proto/kinds.js';

declare function User(): ParameterDecorator;
declare function failure(): never;
declare const items: AsyncIterable<Item>;
declare const whole: TsItem;

describe('a whole servicer', () => {
  it('of protobuf-es, bare', () => {
    @Servicer(Kinds)
    class Bare {
      constructor(readonly injected: Map<string, string>) {}

      @Unary()
      async unary(request: Item, context: ServicerContext): Promise<Reply<typeof Kinds, 'unary'>> {
        context.throwIfCancelled();
        return { text: request.text };
      }

      @ServerStream()
      async *serve(request: Request<typeof Kinds, 'serve'>, _context: ServicerContext) {
        yield { text: request.text, big: 1n };
      }

      @ClientStream()
      async collect(requests: AsyncIterable<Item>) {
        let count = 0;
        for await (const _ of requests) count++;
        return { count };
      }

      @BidiStream()
      async chat(stream: StreamContext<Item, { text: string }>) {
        const request = await stream.read();
        if (request !== EOF) await stream.write({ text: request.text });
      }

      notAnRpc(): number {
        return this.injected.size;
      }
    }
    return Bare;
  });

  it('of protobuf-es, with descriptors', () => {
    @Servicer(Kinds)
    class Described {
      @Unary(Kinds.method.unary) unary(request: Item) {
        return request;
      }
      @ServerStream(Kinds.method.serve) serve() {
        return of({ text: '' });
      }
      @ClientStream(Kinds.method.collect) collect(_requests: Observable<Item>) {
        return { count: 1 };
      }
      @BidiStream(Kinds.method.chat) async *chat(requests: AsyncIterable<Item>, _context: ServicerContext) {
        yield* requests;
      }
    }
    return Described;
  });

  it('of ts-proto, bare and with descriptors', () => {
    @Servicer(KindsService)
    class TsProto {
      @Unary() async unary(request: TsItem, _context: ServicerContext) {
        return { ...request, text: '' };
      }
      @ServerStream(KindsService.serve) async *serve(request: TsItem) {
        yield request;
      }
      @ClientStream(KindsService.collect) async collect(_requests: AsyncIterable<TsItem>) {
        return whole;
      }
      @BidiStream(KindsService.chat) async chat(stream: StreamContext<TsItem, TsItem>) {
        await stream.write(whole);
      }
    }
    return TsProto;
  });

  it("of grpc-tools' shape", () => {
    @Servicer(ToolsKinds)
    class Tools {
      @Unary(ToolsKinds.unary) async unary(request: ToolsItem) {
        return request.setCount(1);
      }
      async *serve(request: ToolsItem) {
        yield request;
      }
      async collect(_requests: AsyncIterable<ToolsItem>): Promise<ToolsItem> {
        return failure();
      }
      async *chat(requests: AsyncIterable<ToolsItem>) {
        yield* requests;
      }
    }
    return Tools;
  });

  it('whose names were taken', () => {
    class Names {
      async then$() {
        return {};
      }
      async constructor$() {
        return {};
      }
      async onModuleInit$() {
        return {};
      }
      async toString$() {
        return {};
      }
      async name() {
        return {};
      }
    }
    @Servicer(Odd)
    class Es extends Names {}

    abstract class Whole {
      abstract then$(): TsItem;
      abstract constructor$(): TsItem;
      abstract onModuleInit$(): TsItem;
      abstract toString$(): TsItem;
      abstract name(): TsItem;
    }
    @Servicer(OddService)
    abstract class TsProto extends Whole {}

    type AsTools = { [K in keyof Whole]: () => ToolsItem };
    abstract class Tools implements AsTools {
      abstract then$(): ToolsItem;
      abstract constructor$(): ToolsItem;
      abstract onModuleInit$(): ToolsItem;
      abstract toString$(): ToolsItem;
      abstract name(): ToolsItem;
    }
    Servicer(ToolsOdd)(Tools);
    return [Es, TsProto, Tools];
  });

  it('that leaves rpcs out', () => {
    @Servicer(Kinds, { partial: true })
    class Some {
      async unary() {
        return {};
      }
    }
    @Servicer(KindsService, { partial: true })
    class None {}
    return [Some, None];
  });

  it('of a schema with other codecs', () => {
    @Servicer(withCodecs(Kinds, {}), { partial: true })
    class Swapped {
      async unary(request: Item) {
        return { text: request.text };
      }
    }
    return Swapped;
  });

  it('of a source whose type knows no methods', () => {
    const loaded = {} as LoadedService;
    @Servicer(loaded)
    class Loaded {
      @Unary() hi(request: { name: string }) {
        return { text: request.name };
      }
      @Unary(loaded.method.ho!) ho(request: { name: string }) {
        return request.name;
      }
    }
    return Loaded;
  });
});
