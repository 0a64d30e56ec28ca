import type { MethodKind } from '../schema/service-schema.js';
import { declareMethod } from './declaration.js';
import type {
  BidiStreamDecorator,
  ClientStreamDecorator,
  ServerStreamDecorator,
  UnaryDecorator,
} from './handler-types.js';

const methodDecorator =
  (kind: MethodKind, name: string) =>
  (descriptor?: object) =>
  (prototype: object, key: string | symbol): void =>
    declareMethod(prototype, { key: String(key), kind, decorator: `@${name}()`, descriptor });

/**
 * A handler of one request and one response: `(request, context) => response`.
 *
 * Returns a value, a promise of one, or an Observable whose first value it is. Without an argument it serves the rpc of
 * its own name, and its shape is checked at `@Servicer`; with a method descriptor it serves that rpc and is checked here.
 */
export const Unary: UnaryDecorator = methodDecorator('unary', 'Unary');

/**
 * A handler of one request and a stream of responses: `(request, context) => responses`.
 *
 * Returns an `AsyncIterable` (an async generator, most often) or an Observable, or writes to a `StreamContext` and
 * returns nothing.
 */
export const ServerStream: ServerStreamDecorator = methodDecorator('serverStream', 'ServerStream');

/** A handler of a stream of requests and one response: `(requests, context) => response`. */
export const ClientStream: ClientStreamDecorator = methodDecorator('clientStream', 'ClientStream');

/** A handler of a stream of requests and a stream of responses: `(requests, context) => responses`. */
export const BidiStream: BidiStreamDecorator = methodDecorator('bidiStream', 'BidiStream');
