import { UsageError } from '../status/usage-error.js';
import { asBuffer } from './as-buffer.js';
import { buildSchema, type RpcDescription } from './build-schema.js';
import type { LocalName } from './local-name.js';
import type { KnownName, MethodType, RpcNameOf } from './method-type.js';
import type { MessageCodec, ServiceSchema } from './service-schema.js';

/** One method of a grpc-js service definition, as ts-proto, grpc-tools and proto-loader make it. */
export interface GrpcJsMethod {
  /** `/pkg.Service/Method`: both names are read from here, whatever the definition's key is. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: never) => Uint8Array;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Uint8Array;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** A grpc-js `ServiceDefinition`. */
export type GrpcJsService = Readonly<Record<string, GrpcJsMethod>>;

/** Whether it is a grpc-js service definition: an object of method definitions, one at least. */
export function isGrpcJs(source: object): source is GrpcJsService {
  const methods: unknown[] = Object.values(source);
  return methods.length > 0 && methods.every(isGrpcJsMethod);
}

/** Whether it is a method of a grpc-js service definition. */
export function isGrpcJsMethod(value: unknown): value is GrpcJsMethod {
  if (typeof value !== 'object' || value === null) return false;
  const method: Partial<Record<keyof GrpcJsMethod, unknown>> = value;
  const codecs = [
    method.requestSerialize,
    method.requestDeserialize,
    method.responseSerialize,
    method.responseDeserialize,
  ];
  return typeof method.path === 'string' && codecs.every((codec) => typeof codec === 'function');
}

/**
 * The schema of a grpc-js service definition.
 *
 * Encoders take what the definition's serializers take: whole messages.
 *
 * @throws {UsageError} when a path is not of the form `/pkg.Service/Method`, or the paths name more than one service
 */
export function fromGrpcJs(definition: GrpcJsService): ServiceSchema {
  const { typeName, rpcs } = readDefinition(definition);
  return buildSchema(definition, typeName, rpcs);
}

/** What a definition says, under the one service name of its paths. */
export function readDefinition(definition: GrpcJsService): { typeName: string; rpcs: RpcDescription[] } {
  const read = Object.entries(definition).map(([key, method]) => ({ ...namesIn(method.path, key), method }));
  const [typeName, ...others] = new Set(read.map(({ service }) => service));
  if (typeName === undefined || others.length > 0) {
    throw new UsageError(
      `A service definition has the methods of one service, not of ${[typeName, ...others].join(', ')}`,
    );
  }
  return { typeName, rpcs: read.map(({ name, method }) => describe(name, method)) };
}

/** The methods of a service definition's type. Its keys name them only where the type does not know the paths. */
export type FromGrpcJs<S> = {
  readonly [
    K in keyof S as KnownName<K> extends never ? never : LocalName<Uncapitalize<RpcIn<S[K], KnownName<K>>>>
  ]: GrpcJsMethodType<S[K], KnownName<K>>;
};

/** What the type of a method definition says; `Key` names the rpc where the type does not know the path. */
export type GrpcJsMethodType<D, Key extends string> = D extends GrpcJsMethod
  ? MethodType<
      Kinds[`${D['requestStream']},${D['responseStream']}`],
      {
        readonly request: ReturnType<D['requestDeserialize']>;
        readonly requestInit: Parameters<D['requestSerialize']>[0];
        readonly response: Parameters<D['responseSerialize']>[0];
        readonly responseMessage: ReturnType<D['responseDeserialize']>;
      },
      RpcIn<D, RpcNameOf<Key>>
    >
  : never;

interface Kinds {
  'false,false': 'unary';
  'false,true': 'serverStream';
  'true,false': 'clientStream';
  'true,true': 'bidiStream';
}

type RpcIn<D, Otherwise extends string> = D extends { readonly path: `/${string}/${infer Rpc}` } ? Rpc : Otherwise;

const PATH = /^\/(?<service>[^/]+)\/(?<name>[^/]+)$/;

function namesIn(path: string, key: string): { service: string; name: string } {
  const { service, name } = PATH.exec(path)?.groups ?? {};
  if (service === undefined || name === undefined) {
    throw new UsageError(`The path of method "${key}" is "${path}", not of the form "/pkg.Service/Method"`);
  }
  return { service, name };
}

function describe(name: string, method: GrpcJsMethod): RpcDescription {
  const { requestStream, responseStream } = method;
  return {
    name,
    requestStream,
    responseStream,
    request: codecOf(method.requestSerialize, method.requestDeserialize),
    response: codecOf(method.responseSerialize, method.responseDeserialize),
  };
}

function codecOf(serialize: (value: never) => Uint8Array, deserialize: (bytes: Buffer) => unknown): MessageCodec {
  return {
    encode: (message) => asBuffer(serialize(message as never)),
    decode: (bytes) => deserialize(asBuffer(bytes)),
  };
}
