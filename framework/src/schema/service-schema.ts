/** The four kinds of rpc. */
export type MethodKind = 'unary' | 'serverStream' | 'clientStream' | 'bidiStream';

/** How one kind of message becomes bytes and back. Swappable per method (see `withCodecs`). */
export interface MessageCodec {
  /**
   * Encodes a message, or the init shape of one.
   *
   * A `Buffer` because that is what the engine copies from (a plain `Uint8Array` has no `copy`, T32); a view over the
   * encoder's own bytes is enough.
   * @throws when the value is not a message of this type
   */
  encode(message: unknown): Buffer;

  /**
   * Decodes a message. Any value is a message, a falsy one too (T15).
   * @throws when the bytes are not a message of this type
   */
  decode(bytes: Uint8Array): unknown;
}

/** One rpc of a service, whatever generator described it. */
export interface MethodSchema {
  /** The rpc's name in the .proto file: `FindRange`. */
  readonly name: string;
  /** The name a class's method or a client's method bears: `findRange`, or `then$` where the plain name is taken. */
  readonly localName: string;
  /** The path on the wire: `/hash_name.HashFinder/FindRange`. */
  readonly path: string;
  readonly kind: MethodKind;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
}

/** One service, whatever generator described it. */
export interface ServiceSchema {
  /** The full name: `hash_name.HashFinder`. */
  readonly typeName: string;
  /** In the order of the .proto file, as far as the source keeps it. */
  readonly methods: readonly MethodSchema[];
  /** What the schema was read from: a `DescService`, a `ServiceDefinition`, a loaded service. */
  readonly source: object;
}

/** The kind that a pair of stream flags says. */
export function methodKind(requestStream: boolean, responseStream: boolean): MethodKind {
  if (requestStream) return responseStream ? 'bidiStream' : 'clientStream';
  return responseStream ? 'serverStream' : 'unary';
}
