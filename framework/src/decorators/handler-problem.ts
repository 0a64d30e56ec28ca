import type { Observable } from 'rxjs';
import type { ServicerContext } from '../call/servicer-context.js';
import type { StreamContext } from '../call/stream-context.js';
import type { MethodType } from '../schema/method-type.js';
import type { MethodKind } from '../schema/service-schema.js';
import type { Metadata } from '../status/metadata.js';
import type { RequestStream } from '../streams/request-stream.js';

/** A compile error's text: names the method and its rpc. */
export type Problem<T extends MethodType, Name extends string, Text> = Text extends string
  ? `method '${Name}' (rpc ${T['rpc']}) ${Text}`
  : never;

/**
 * What is wrong with a handler: `never` when nothing is, else literal types that say it. An rpc whose kind its type does not
 * know cannot be judged here.
 *
 * TypeScript widens the literals that a function returns, so a handler that answers a oneof (`{ case: 'name', … }`) needs a
 * declared return type: `Reply<typeof Service, 'method'>`.
 */
export type HandlerProblem<T extends MethodType, F, Name extends string> =
  IsOneOf<T['kind'], MethodKind> extends true
    ? F extends (...args: infer P) => infer R
      ? Problem<T, Name, ParametersProblem<T, P> | ResultProblem<T, R>>
      : Problem<T, Name, 'is not a method'>
    : never;

// ---- what it returns ------------------------------------------------------------------------------------------------

type ResultProblem<T extends MethodType, R> = T['kind'] extends 'unary' | 'clientStream'
  ? OneReplyProblem<R, T['response']>
  : RepliesProblem<R, T['response']>;

type OneReplyProblem<R, Out> =
  IsAny<R> extends true
    ? never
    : R extends PromiseLike<infer V>
      ? OneReplyProblem<V, Out>
      : R extends Observable<infer V>
        ? ReplyProblem<V, Out>
        : R extends AsyncIterable<unknown>
          ? 'must answer one reply, not a stream'
          : ReplyProblem<R, Out>;

type RepliesProblem<R, Out> =
  IsAny<R> extends true
    ? never
    : R extends PromiseLike<infer V>
      ? LaterRepliesProblem<V, Out>
      : R extends AsyncIterable<infer V> | Observable<infer V>
        ? ReplyProblem<V, Out>
        : 'must answer a stream of replies: an async generator, AsyncIterable or Observable';

/** An async method that returns nothing writes its replies to the `StreamContext`. */
type LaterRepliesProblem<V, Out> = IsAny<V> extends true ? never : V extends Nothing ? never : RepliesProblem<V, Out>;

/** Every member of a union has to be a reply. */
type ReplyProblem<V, Out> = true extends IsAny<V> | IsAny<Out>
  ? never
  : V extends object
    ? MessageProblem<V, Out>
    : [V] extends [Out]
      ? never
      : 'must answer a reply';

type MessageProblem<V extends object, Out> = V extends NoMessage
  ? 'must answer a reply'
  : [OtherType<V, Out>] extends [never]
    ? FieldProblem<V, Out>
    : `answers a ${OtherType<V, Out>}, which is not its reply`;

/** The name of a protobuf-es message that is not of the reply's type. */
type OtherType<V, Out> = V extends { readonly $typeName: infer Name extends string }
  ? Exclude<Name, FieldOf<Out, '$typeName'>>
  : never;

/** Assignability alone lets a field pass that the reply does not have, so the names are compared first. */
type FieldProblem<V extends object, Out> = [UnknownField<V, Out>] extends [never]
  ? [V] extends [Out]
    ? never
    : [WrongField<V, Out>] extends [never]
      ? 'must answer a whole reply: a field is missing'
      : `returns '${WrongField<V, Out>}' of the wrong type`
  : `returns '${UnknownField<V, Out>}', which its reply does not have`;

type UnknownField<V, Out> = unknown extends Out
  ? never
  : string extends keyof Out
    ? never
    : Exclude<Names<V>, Names<Out>>;
type WrongField<V, Out> = { [K in keyof V & string]-?: V[K] extends FieldOf<Out, K> ? never : K }[keyof V & string];
type FieldOf<Out, K> = Out extends unknown ? (K extends keyof Out ? Out[K] : never) : never;

/** The names of the fields of all members of a union; an index signature has none. */
type Names<T> = T extends unknown
  ? keyof { [K in keyof T as K extends string ? (string extends K ? never : K) : never]: 0 }
  : never;

// ---- what it takes --------------------------------------------------------------------------------------------------

/**
 * A type does not show parameter decorators, and a decorated parameter may be of any type. So this much must hold: the
 * first parameter takes the request or something of the call, or else a later one takes the request.
 */
type ParametersProblem<T extends MethodType, P extends readonly unknown[]> =
  | Exclude<RoleOfAny<T, P>, Role>
  | (P extends readonly [first?: infer First, ...rest: unknown[]]
      ? RoleOf<T, First> extends 'other'
        ? 'request' extends RoleOfAny<T, P>
          ? never
          : FirstParameter[T['kind']]
        : never
      : never);

/** `context` stands for all that comes from the call and needs no check. */
type Role = 'request' | 'context' | 'other';

type RoleOfAny<T extends MethodType, P extends readonly unknown[]> = Exclude<
  { [I in keyof P]: RoleOf<T, P[I]> }[number],
  undefined
>;

/** What a parameter is for; for a `StreamContext` that does not fit, what is wrong with it. */
type RoleOf<T extends MethodType, A> = [A] extends [never]
  ? 'other'
  : unknown extends A
    ? 'context'
    : NonNullable<A> extends StreamContext<infer _Request, infer Response>
      ? StreamContextRole<T, A, Response>
      : NonNullable<A> extends ServicerContext | AbortSignal | Metadata | Date
        ? 'context'
        : [Given<T['request']>[T['kind']]] extends [A]
          ? 'request'
          : 'other';

type StreamContextRole<T extends MethodType, A, Response> = T['kind'] extends 'unary'
  ? 'takes a StreamContext, which a unary rpc does not have'
  : [StreamContext<T['request'], T['response']>] extends [A]
    ? [StreamContextProblem<Response, T['response']>] extends [never]
      ? T['kind'] extends 'serverStream'
        ? 'context'
        : 'request'
      : 'takes a StreamContext of other responses'
    : 'takes a StreamContext of other messages';

/** `unknown` when the handler does not say what it writes. */
type StreamContextProblem<Response, Out> = unknown extends Response ? never : ReplyProblem<Response, Out>;

interface Given<Request> {
  unary: Request;
  serverStream: Request;
  clientStream: RequestStream<Request>;
  bidiStream: RequestStream<Request>;
}

interface FirstParameter {
  unary: MustTakeRequest;
  serverStream: MustTakeRequest;
  clientStream: MustTakeRequests;
  bidiStream: MustTakeRequests;
}

type MustTakeRequest = 'must take the request as its first parameter';
type MustTakeRequests = 'must take the requests as its first parameter: an AsyncIterable, Observable or StreamContext';

// ---- helpers --------------------------------------------------------------------------------------------------------

/** What an async function without a return resolves with. */
type Nothing = void | undefined;

// any: a function's parameters are compared the other way round, and this is what every function is assignable to
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type NoMessage = readonly unknown[] | ((...args: any) => unknown);

type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether it is exactly one of a union's members. */
type IsOneOf<T, Union> = true extends (Union extends unknown ? ([T] extends [Union] ? true : never) : never)
  ? true
  : false;
