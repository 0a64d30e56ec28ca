import { create, fromBinary, isMessage, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethod, DescService, Message, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { asBuffer } from './as-buffer.js';
import { buildSchema } from './build-schema.js';
import type { LocalName } from './local-name.js';
import type { KnownName, MethodType, RpcNameOf } from './method-type.js';
import type { MessageCodec, ServiceSchema } from './service-schema.js';

/** Whether it is a service that protobuf-es (version 2) generated. */
export function isProtobufEs(source: object): source is DescService {
  return 'kind' in source && source.kind === 'service' && 'methods' in source && Array.isArray(source.methods);
}

/**
 * The schema of a protobuf-es service.
 *
 * Encoders take a message or its init shape, the plain object that `create` takes; a message is encoded as it is.
 */
export function fromProtobufEs(service: DescService): ServiceSchema {
  const rpcs = service.methods.map((method) => ({
    name: method.name,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    request: codecOf(method.input),
    response: codecOf(method.output),
  }));
  return buildSchema(service, service.typeName, rpcs);
}

/** The methods of a protobuf-es service's type. */
export type FromProtobufEs<S extends DescService> = {
  readonly [K in keyof S['method'] as LocalName<KnownName<K>>]: S['method'][K] extends DescMethod
    ? ProtobufEsMethodType<S['method'][K], KnownName<K>>
    : never;
};

/** What the type of `Service.method.name` says; the rpc's name is not in it and comes from the local name. */
export type ProtobufEsMethodType<D extends DescMethod, LocalName extends string> = MethodType<
  Kinds[D['methodKind']],
  {
    readonly request: MessageShape<D['input']>;
    readonly requestInit: MessageInitShape<D['input']>;
    readonly response: MessageInitShape<D['output']>;
    readonly responseMessage: MessageShape<D['output']>;
  },
  RpcNameOf<LocalName>
>;

interface Kinds {
  unary: 'unary';
  server_streaming: 'serverStream';
  client_streaming: 'clientStream';
  bidi_streaming: 'bidiStream';
}

function codecOf(type: DescMessage): MessageCodec {
  return {
    encode: (message) => asBuffer(toBinary(type, messageOf(type, message))),
    decode: (bytes) => fromBinary(type, bytes),
  };
}

/** protobuf-es would take a string or another type's message for an init shape with no field set: an empty message. */
function messageOf(type: DescMessage, value: unknown): Message {
  if (isMessage(value, type)) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isMessage(value)) {
    throw new TypeError(`Expected a ${type.typeName} or its init shape, not ${nameOf(value)}`);
  }
  return create(type, value as MessageInitShape<DescMessage>);
}

function nameOf(value: unknown): string {
  if (isMessage(value)) return `a ${value.$typeName}`;
  if (Array.isArray(value)) return 'an array';
  return value === undefined || value === null ? String(value) : `a ${typeof value}`;
}
