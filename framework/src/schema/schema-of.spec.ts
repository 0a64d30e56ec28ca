import { create } from '@bufbuild/protobuf';
import { file_google_protobuf_empty } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { ItemSchema, Kinds } from '../../../test/gen/kinds_pb.js';
import { KindsClient, KindsService, OddService } from '../../../test/gen/ts-proto/kinds.js';
import { UsageError } from '../status/usage-error.js';
import { fromGrpcJs } from './from-grpc-js.js';
import { methodOf, schemaOf } from './schema-of.js';
import type { ServiceSchema } from './service-schema.js';

describe('schemaOf', () => {
  it('gives the same schema for the same source', () => {
    expect(schemaOf(Kinds)).toBe(schemaOf(Kinds));
    expect(schemaOf(KindsService)).not.toBe(schemaOf(Kinds));
  });

  it('gives a schema itself', () => {
    const own: ServiceSchema = { typeName: 'made.by.Hand', methods: [], source: {} };
    expect(schemaOf(own)).toBe(own);
    expect(schemaOf(schemaOf(Kinds))).toBe(schemaOf(Kinds));
  });

  it.each([
    ['undefined', undefined, 'undefined (do two files import each other?)'],
    ['null', null, 'null'],
    ['a number', 5, 'a number'],
    ['a path', 'protos/kinds.proto', '"protos/kinds.proto" (a .proto file is read by loadSchemas)'],
    ['a class', class Greeter {}, 'the function Greeter'],
    ['a client class', KindsClient, 'the client class ServiceClientImpl (pass its "service")'],
    ['an empty object', {}, 'an empty object'],
    ['another object', { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, 'an object with a, b, c, d, e, …'],
    ['a method instead of its service', Kinds.method.unary, 'a protobuf-es descriptor of kind "rpc"'],
    ['a file instead of its service', file_google_protobuf_empty, 'a protobuf-es descriptor of kind "file"'],
    ['a message', create(ItemSchema), 'an object with $typeName'],
  ])('refuses %s and says what it takes', (_case, source, given) => {
    const refused = (): unknown => schemaOf(source as object);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(
      'A service is a protobuf-es service (DescService), a grpc-js service definition (ts-proto, grpc-tools)',
    );
    expect(refused).toThrow(given);
  });

  it('refuses a path that names no service and method', () => {
    const odd = { hi: { ...KindsService.unary, path: 'Hi' } };
    expect(() => schemaOf(odd)).toThrow('The path of method "hi" is "Hi", not of the form "/pkg.Service/Method"');
  });

  it('refuses a definition with the methods of two services', () => {
    expect(() => fromGrpcJs({ unary: KindsService.unary, name: OddService.name })).toThrow(
      'not of servicer.test.v1.Kinds, servicer.test.v1.Odd',
    );
  });

  it('refuses two rpcs with one name in TypeScript', () => {
    const path = (name: string): string => `/servicer.test.v1.Kinds/${name}`;
    const clash = {
      a: { ...KindsService.unary, path: path('Find') },
      b: { ...KindsService.unary, path: path('find') },
    };
    expect(() => schemaOf(clash)).toThrow('servicer.test.v1.Kinds: the rpcs Find and find are both called "find"');
  });

  it('takes the names from the path, not from the key', () => {
    const [method] = schemaOf({ get_http_status: { ...KindsService.unary, path: '/pkg.Web/GetHTTPStatus' } }).methods;
    expect(method).toMatchObject({ name: 'GetHTTPStatus', localName: 'getHTTPStatus', path: '/pkg.Web/GetHTTPStatus' });
  });
});

describe('methodOf', () => {
  it.each([
    ['a protobuf-es method', Kinds.method.serve],
    ['a method of a grpc-js service definition', KindsService.serve],
  ])('gives the path of %s', (_case, descriptor) => {
    expect(methodOf(descriptor)).toBe('/servicer.test.v1.Kinds/Serve');
  });

  it.each([undefined, {}, Kinds, ItemSchema])('refuses anything else (%#)', (descriptor) => {
    expect(() => methodOf(descriptor as object)).toThrow(UsageError);
    expect(() => methodOf(descriptor as object)).toThrow('(Greeter.method.hi)');
  });
});
