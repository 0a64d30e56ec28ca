import type { MethodType } from '../schema/method-type.js';
import type { MethodDescriptor, MethodsOf, MethodTypeOf, SchemaSource } from '../schema/method-types.js';
import type { MethodKind } from '../schema/service-schema.js';
import type { HandlerProblem, Problem } from './handler-problem.js';

/**
 * The type of `@Servicer(schema, { partial? })`.
 *
 * The class must have a method of the right shape for every rpc, called by the rpc's local name; with `partial` those that
 * it has must be right. What is wrong is the text of the compile error. The methods of a source without types, such as a
 * service of a loaded .proto file, are checked at boot only.
 */
export type ServicerDecorator = <const S extends SchemaSource, Partial extends boolean = false>(
  schema: S,
  options?: { readonly partial?: Partial },
) => ServicerClassDecorator<S, Partial>;

/** What `@Servicer(schema)` does to a class. */
export type ServicerClassDecorator<S, Partial extends boolean = false> = <C extends AnyClass>(
  servicer: Verdict<ServicerProblem<MethodsOf<S>, InstanceOf<C>, Partial>, C>,
) => void;

/** The type of `@Unary()`. With a method descriptor the handler's shape is checked here, without at `@Servicer`. */
export type UnaryDecorator = RpcDecorator<'unary'>;

/** The type of `@ServerStream()`, see {@link UnaryDecorator}. */
export type ServerStreamDecorator = RpcDecorator<'serverStream'>;

/** The type of `@ClientStream()`, see {@link UnaryDecorator}. */
export type ClientStreamDecorator = RpcDecorator<'clientStream'>;

/** The type of `@BidiStream()`, see {@link UnaryDecorator}. */
export type BidiStreamDecorator = RpcDecorator<'bidiStream'>;

/** What the four method decorators have in common: called bare, or with the descriptor of an rpc of their kind. */
export interface RpcDecorator<Kind extends MethodKind> {
  (): MethodOnly;
  <D extends MethodDescriptor>(method: D): HandlerDecorator<Kind, D>;
}

/** What a bare `@Unary()` does: any method may have it. */
export type MethodOnly = <F extends AnyFunction>(
  prototype: object,
  name: string,
  handler: TypedPropertyDescriptor<F>,
) => void;

/** What `@Unary(descriptor)` does to a method. */
export type HandlerDecorator<Kind extends MethodKind, D> = <F extends AnyFunction, Name extends string>(
  prototype: object,
  name: Name,
  handler: Verdict<DecoratedProblem<Kind, MethodTypeOf<D, Name>, F, Name>, TypedPropertyDescriptor<F>>,
) => void;

/** What is allowed where there is no problem; the problem's text, to which nothing can be assigned, where there is. */
type Verdict<Problem, Allowed> = [Problem] extends [never] ? Allowed : Problem;

/** What is wrong with a class as the servicer of these methods: `never` when nothing is. */
type ServicerProblem<Methods, Servicer, Partial extends boolean> = string extends keyof Methods
  ? never
  : { [Name in keyof Methods & string]: MethodProblem<Methods[Name], Servicer, Name, Partial> }[keyof Methods & string];

type MethodProblem<T, Servicer, Name extends string, Partial extends boolean> = T extends MethodType
  ? Name extends keyof Servicer
    ? HandlerProblem<T, Servicer[Name], Name>
    : true extends Partial
      ? never
      : Problem<T, Name, 'is missing, or not public'>
  : never;

/** A decorator of the wrong kind is one problem, not as many as the handler then has. */
type DecoratedProblem<Kind extends MethodKind, T extends MethodType, F, Name extends string> = Kind extends T['kind']
  ? HandlerProblem<T, F, Name>
  : Problem<T, Name, `is ${KindWords[T['kind']]}: use ${DecoratorNames[T['kind']]} instead of ${DecoratorNames[Kind]}`>;

interface KindWords {
  unary: 'unary';
  serverStream: 'server-streaming';
  clientStream: 'client-streaming';
  bidiStream: 'bidi-streaming';
}

interface DecoratorNames {
  unary: '@Unary';
  serverStream: '@ServerStream';
  clientStream: '@ClientStream';
  bidiStream: '@BidiStream';
}

type AnyFunction = (...args: never) => unknown;
type AnyClass = abstract new (...args: never) => unknown;
type InstanceOf<C extends AnyClass> = C extends abstract new (...args: never) => infer I ? I : never;
