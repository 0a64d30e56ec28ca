import type { MethodKind } from './service-schema.js';

/** What the types of a schema source say about one rpc. */
export interface MethodType<
  Kind extends MethodKind = MethodKind,
  Types extends MessageTypes = MessageTypes,
  Rpc extends string = string,
> {
  /** The rpc's name, for messages: exact where the source's types hold it, else as the style guide spells it. */
  readonly rpc: Rpc;
  readonly kind: Kind;
  /** A decoded request: what a handler is given. */
  readonly request: Types['request'];
  /** What can be encoded as a request: what a client is given. */
  readonly requestInit: Types['requestInit'];
  /** What can be encoded as a response: what a handler returns. */
  readonly response: Types['response'];
  /** A decoded response: what a client returns. */
  readonly responseMessage: Types['responseMessage'];
}

/** The four message types of one rpc. */
export interface MessageTypes {
  readonly request: unknown;
  readonly requestInit: unknown;
  readonly response: unknown;
  readonly responseMessage: unknown;
}

/** The methods of a service whose source has no types: any name, any message. */
export type UntypedMethods = Readonly<Record<string, MethodType>>;

/** A key that is a name; an index signature's is none. */
export type KnownName<Key> = Key extends string ? (string extends Key ? never : Key) : never;

/** The rpc's name by its local name: `FindRange` of `findRange`, `Then` of `then$`. */
export type RpcNameOf<LocalName extends string> = Capitalize<LocalName extends `${infer Plain}$` ? Plain : LocalName>;
