import type { DescService, MessageInitShape } from '@bufbuild/protobuf';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { schemaOf } from 'nestjs-servicer';
import type { MethodKind, Reply, Request, ServiceSchema } from 'nestjs-servicer';
import { describe, expectTypeOf, it } from 'vitest';
import type { LoadedService } from '../../framework/src/schema/from-proto-files.js';
import type { MethodName, MethodsOf } from '../../framework/src/schema/method-types.js';
import { withCodecs } from '../../framework/src/schema/with-codecs.js';
import type { KindsService as ToolsKinds, OddService as ToolsOdd } from '../fixtures/grpc-tools/kinds_grpc_pb.js';
import type { Item as ToolsItem } from '../fixtures/grpc-tools/kinds_pb.js';
import { Kinds } from '../gen/kinds_pb.js';
import type { Item, ItemSchema, Odd } from '../gen/kinds_pb.js';
import type { KindsService, Item as TsItem, OddService } from '../gen/ts-proto/kinds.js';

type Name = 'unary' | 'serve' | 'collect' | 'chat';
type OddName = 'then$' | 'constructor$' | 'onModuleInit$' | 'toString$' | 'name';
type KindsOf<S> = { [M in keyof MethodsOf<S>]: MethodsOf<S>[M] extends { kind: infer Kind } ? Kind : never };
interface AllKinds {
  readonly unary: 'unary';
  readonly serve: 'serverStream';
  readonly collect: 'clientStream';
  readonly chat: 'bidiStream';
}

describe('MethodsOf', () => {
  it('has the local names', () => {
    expectTypeOf<MethodName<typeof Kinds>>().toEqualTypeOf<Name>();
    expectTypeOf<MethodName<KindsService>>().toEqualTypeOf<Name>();
    expectTypeOf<MethodName<typeof ToolsKinds>>().toEqualTypeOf<Name>();
    expectTypeOf<MethodName<typeof Odd>>().toEqualTypeOf<OddName>();
    expectTypeOf<MethodName<OddService>>().toEqualTypeOf<OddName>();
    expectTypeOf<MethodName<typeof ToolsOdd>>().toEqualTypeOf<OddName>();
  });

  it('takes a name from the path where its type is known', () => {
    type GetStatus = Omit<KindsService['unary'], 'path'> & { readonly path: '/pkg.Web/GetHTTPStatus' };
    type Web = Record<'get_http_status', GetStatus>;
    expectTypeOf<MethodName<Web>>().toEqualTypeOf<'getHTTPStatus'>();
    expectTypeOf<MethodsOf<Web>['getHTTPStatus']['rpc']>().toEqualTypeOf<'GetHTTPStatus'>();
  });

  it('passes over what is not a name', () => {
    expectTypeOf<MethodName<ServiceDefinition & { unary: KindsService['unary'] }>>().toEqualTypeOf<'unary'>();
  });

  it('has the kinds', () => {
    expectTypeOf<KindsOf<typeof Kinds>>().toEqualTypeOf<AllKinds>();
    expectTypeOf<KindsOf<KindsService>>().toEqualTypeOf<AllKinds>();
    expectTypeOf<KindsOf<typeof ToolsKinds>>().toEqualTypeOf<AllKinds>();
  });

  it('has the messages of protobuf-es', () => {
    type Serve = MethodsOf<typeof Kinds>['serve'];
    expectTypeOf<Serve['request']>().toEqualTypeOf<Item>();
    expectTypeOf<Serve['requestInit']>().toEqualTypeOf<MessageInitShape<typeof ItemSchema>>();
    expectTypeOf<Serve['response']>().toEqualTypeOf<MessageInitShape<typeof ItemSchema>>();
    expectTypeOf<Serve['responseMessage']>().toEqualTypeOf<Item>();
  });

  it('has the messages of service definitions', () => {
    type Part = 'request' | 'requestInit' | 'response' | 'responseMessage';
    expectTypeOf<MethodsOf<KindsService>['serve'][Part]>().toEqualTypeOf<TsItem>();
    expectTypeOf<MethodsOf<typeof ToolsKinds>['serve'][Part]>().toEqualTypeOf<ToolsItem>();
  });

  it('knows nothing of untyped sources', () => {
    type Untyped = LoadedService | ServiceSchema | DescService | ServiceDefinition;
    expectTypeOf<MethodsOf<Untyped>[string]['kind']>().toEqualTypeOf<MethodKind>();
    expectTypeOf<MethodsOf<Untyped>[string]['request']>().toBeUnknown();
  });

  it('goes through a schema to its source', () => {
    const schema = schemaOf(Kinds);
    const swapped = withCodecs(schema, { unary: {} });
    expectTypeOf<MethodsOf<typeof schema>>().toEqualTypeOf<MethodsOf<typeof Kinds>>();
    expectTypeOf<MethodsOf<typeof swapped>>().toEqualTypeOf<MethodsOf<typeof Kinds>>();
    expectTypeOf(schema).toExtend<ServiceSchema>();
    // @ts-expect-error did you mean 'serve'
    withCodecs(schema, { sevre: {} });
  });
});

describe('Request and Reply', () => {
  it('name the messages of a handler', () => {
    expectTypeOf<Request<typeof Kinds, 'collect'>>().toEqualTypeOf<Item>();
    expectTypeOf<Reply<typeof Kinds, 'collect'>>().toEqualTypeOf<MessageInitShape<typeof ItemSchema>>();
    expectTypeOf<Request<KindsService, 'chat'>>().toEqualTypeOf<TsItem>();
    expectTypeOf<Reply<KindsService, 'chat'>>().toEqualTypeOf<TsItem>();
    expectTypeOf<Request<LoadedService, 'hi'>>().toBeUnknown();
    expectTypeOf<Reply<LoadedService, 'hi'>>().toBeUnknown();
  });

  it('take only names of methods', () => {
    // @ts-expect-error no such method
    expectTypeOf<Request<typeof Kinds, 'unry'>>().toBeNever();
    // @ts-expect-error no such method
    expectTypeOf<Reply<KindsService, 'Unary'>>().toBeNever();
  });
});
