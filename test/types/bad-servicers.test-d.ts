// Without a descriptor a handler is checked at the `@Servicer` line. `partial`, so that a class shows one mistake.
import { Servicer } from 'nestjs-servicer';
import { describe, it } from 'vitest';
import { withCodecs } from '../../framework/src/schema/with-codecs.js';
import { KindsService as ToolsKinds } from '../fixtures/grpc-tools/kinds_grpc_pb.js';
import { Kinds, Odd } from '../gen/kinds_pb.js';
import { KindsService } from '../gen/ts-proto/kinds.js';

describe('a servicer', () => {
  it('lacks a method', () => {
    class Lacking {
      async unary() {
        return {};
      }
      async *serve() {}
      async collect() {
        return {};
      }
    }
    // @ts-expect-error method 'chat' is missing
    Servicer(Kinds)(Lacking);
    // @ts-expect-error method 'chat' is missing
    @Servicer(Kinds)
    class Es extends Lacking {}
    // @ts-expect-error method 'chat' is missing
    @Servicer(withCodecs(Kinds, {}))
    class Swapped extends Lacking {}
    return [Es, Swapped];
  });

  it('lacks every method', () => {
    // @ts-expect-error four methods are missing
    @Servicer(KindsService)
    class TsProto {}
    // @ts-expect-error four methods are missing
    @Servicer(ToolsKinds)
    class Tools {}
    // @ts-expect-error `false` is no partial
    @Servicer(Kinds, { partial: false })
    class Es {}
    return [TsProto, Tools, Es];
  });

  it('has a private method', () => {
    // @ts-expect-error method 'unary' is missing, or not public
    @Servicer(Kinds)
    class Hidden {
      private unary() {
        return {};
      }
      async *serve() {
        yield this.unary();
      }
      collect() {
        return {};
      }
      async *chat() {}
    }
    return Hidden;
  });

  it('has a property of a method’s name', () => {
    // @ts-expect-error method 'unary' is not a method
    @Servicer(Kinds, { partial: true })
    class Property {
      unary = 5;
    }
    return Property;
  });

  it('uses a name that is taken', () => {
    // @ts-expect-error the rpc Then is method 'then$'
    @Servicer(Odd)
    class Then {
      async then() {
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
    return Then;
  });

  it('has no service', () => {
    // @ts-expect-error a class is no service
    Servicer(class {});
    // @ts-expect-error a path is no service
    Servicer('kinds.proto');
    // @ts-expect-error a method is no service
    Servicer(Kinds.method.unary);
    // @ts-expect-error did you mean 'partial'
    Servicer(Kinds, { partail: true });
  });
});
