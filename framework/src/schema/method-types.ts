import type { DescMethod, DescService } from '@bufbuild/protobuf';
import type { FromGrpcJs, GrpcJsMethod, GrpcJsMethodType, GrpcJsService } from './from-grpc-js.js';
import type { FromProtoFiles, LoadedService } from './from-proto-files.js';
import type { FromProtobufEs, ProtobufEsMethodType } from './from-protobuf-es.js';
import type { MethodType, UntypedMethods } from './method-type.js';
import type { ServiceSchema } from './service-schema.js';

/**
 * Everything that says which methods a service has: what protobuf-es, ts-proto or grpc-tools generated, what
 * `loadSchemas` read from a .proto file, or a {@link ServiceSchema}.
 */
export type SchemaSource = DescService | GrpcJsService | LoadedService | ServiceSchema;

/** What describes one rpc: `Greeter.method.hi` of protobuf-es, or `GreeterService.hi` of a grpc-js service definition. */
export type MethodDescriptor = DescMethod | GrpcJsMethod;

/** A schema that remembers in its type what it was read from, so that what it describes stays typed. */
export type ServiceSchemaOf<S> = ServiceSchema & { readonly source: S extends ServiceSchema ? S['source'] : S };

/** The methods of any schema source by local name: `MethodsOf<typeof HashFinder>['findRange']['request']`. */
export type MethodsOf<S> = KnownOr<FromSource<S extends ServiceSchema ? S['source'] : S>, UntypedMethods>;

/** The types of the one rpc that a descriptor describes; `LocalName` is what the rpc is called where it cannot tell. */
export type MethodTypeOf<D, LocalName extends string = string> = D extends DescMethod
  ? ProtobufEsMethodType<D, LocalName>
  : D extends GrpcJsMethod
    ? GrpcJsMethodType<D, LocalName>
    : MethodType;

/** The name of a method of a service: `'find' | 'findRange'`. */
export type MethodName<S> = keyof MethodsOf<S> & string;

/** What a handler of the method is given: a decoded message (of a request stream: one of them). */
export type Request<S, M extends MethodName<S>> = In<MethodsOf<S>[M], 'request'>;

/**
 * What a handler of the method returns (of a response stream: yields): whatever its source can encode. For protobuf-es
 * that is the init shape, a plain object with the fields that are not at their default; for the others the message.
 */
export type Reply<S, M extends MethodName<S>> = In<MethodsOf<S>[M], 'response'>;

type FromSource<S> = S extends DescService
  ? FromProtobufEs<S>
  : S extends LoadedService
    ? FromProtoFiles<S>
    : S extends GrpcJsService
      ? FromGrpcJs<S>
      : UntypedMethods;

type In<T, Part extends keyof MethodType> = T extends MethodType ? T[Part] : never;

/** A source whose type names no method says nothing about them. */
type KnownOr<Known, Otherwise> = [keyof Known] extends [never] ? Otherwise : Known;
