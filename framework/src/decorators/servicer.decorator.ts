import { Controller, UseInterceptors } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { methodOf, schemaOf } from '../schema/schema-of.js';
import { didYouMean } from '../schema/nearest.js';
import type { MethodSchema, ServiceSchema } from '../schema/service-schema.js';
import { bindParameters } from './bind-parameters.js';
import { copyMetadata, declareServicer, declaredCancelHooks, declaredMethods, type MethodDeclaration, type ServicerDeclaration } from './declaration.js';
import type { ServicerDecorator } from './handler-types.js';
import { createMessageGate } from './message-gate.js';
import { bindFilterLast } from './nest-internals.js';
import { WitnessFilter } from './witness.filter.js';

/** The transport of our handlers: private, so that no other strategy in a hybrid application takes them. */
export const SERVICER_TRANSPORT = Symbol('nestjs-servicer');

/** What {@link Servicer} takes beside the schema. */
export interface ServicerOptions {
  /** Leave rpcs without a method: they answer UNIMPLEMENTED. Default false: a missing method is an error. */
  readonly partial?: boolean;
}

const OPTION_NAMES = ['partial'];
const DECORATOR_OF = { unary: '@Unary()', serverStream: '@ServerStream()', clientStream: '@ClientStream()', bidiStream: '@BidiStream()' };

type Constructor = new (...args: never[]) => object;

/**
 * A class that implements a service. It is an ordinary Nest controller: list it in a module's `controllers`, inject what
 * it needs, bind guards, interceptors, pipes and filters to it.
 *
 * @param source a protobuf-es `DescService`, a grpc-js `ServiceDefinition` (as ts-proto makes them) or a service of a
 *   .proto file loaded at run time
 */
export const Servicer: ServicerDecorator = ((source: object, options: ServicerOptions = {}) =>
  (servicer: Constructor): void => {
    declareServicer(servicer, new Declaring(servicer, source, options).declare());
    Controller()(servicer);
    bindFilterLast(servicer, WitnessFilter);
  }) as ServicerDecorator;

/** Decorates one class: pairs its methods with the schema's, and notes what does not fit. */
class Declaring {
  readonly #problems: string[] = [];
  readonly #handlers = new Map<string, string>();

  constructor(
    private readonly servicer: Constructor,
    private readonly source: object,
    private readonly options: ServicerOptions,
  ) {}

  declare(): ServicerDeclaration {
    this.#checkOptions();
    const schema = this.#schema();
    const cancelHooks = declaredCancelHooks(this.servicer.prototype as object);
    if (schema !== undefined) {
      for (const declaration of declaredMethods(this.servicer.prototype as object)) this.#pair(declaration, schema);
      if (this.options.partial !== true) this.#findMissing(schema);
      for (const hook of cancelHooks) this.#checkCancelHook(hook);
    }
    return { schema, handlers: this.#handlers, cancelHooks, problems: this.#problems };
  }

  #problem(where: string, what: string): void {
    this.#problems.push(`${where}: ${what}`);
  }

  #checkOptions(): void {
    for (const name of Object.keys(this.options).filter((name) => !OPTION_NAMES.includes(name))) {
      this.#problem(this.servicer.name, `@Servicer has no option "${name}".${didYouMean(name, OPTION_NAMES)}`);
    }
  }

  #schema(): ServiceSchema | undefined {
    try {
      return schemaOf(this.source);
    } catch (error) {
      this.#problem(this.servicer.name, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #pair(declaration: MethodDeclaration, schema: ServiceSchema): void {
    const where = `${this.servicer.name}.${declaration.key}`;
    const method = this.#methodOf(declaration, schema, where);
    if (method === undefined) return;
    const other = this.#handlers.get(method.path);
    if (method.kind !== declaration.kind) {
      this.#problem(where, `${schema.typeName}.${method.name} is ${KIND_WORDS[method.kind]}; use ${DECORATOR_OF[method.kind]} instead of ${declaration.decorator}`);
    } else if (other !== undefined) {
      this.#problem(where, `${schema.typeName}.${method.name} is served by ${this.servicer.name}.${other} already; remove one of the two`);
    }
    if (other === undefined) this.#handlers.set(method.path, declaration.key);
    if (method.kind === declaration.kind && other === undefined) this.#bind(declaration.key, method, where);
  }

  #methodOf({ key, descriptor }: MethodDeclaration, schema: ServiceSchema, where: string): MethodSchema | undefined {
    if (descriptor !== undefined) {
      const path = methodOf(descriptor);
      const method = schema.methods.find((candidate) => candidate.path === path);
      if (method === undefined) this.#problem(where, `its decorator names ${path}, which is no rpc of ${schema.typeName}; use a descriptor of that service`);
      return method;
    }
    const method = schema.methods.find((candidate) => candidate.localName === key);
    if (method === undefined) {
      const names = schema.methods.map((candidate) => candidate.localName);
      this.#problem(where, `${schema.typeName} has no rpc of that name.${didYouMean(key, names)}`);
    }
    return method;
  }

  #bind(key: string, method: MethodSchema, where: string): void {
    const prototype = this.servicer.prototype as Record<string, unknown>;
    const descriptor = ownDescriptor(prototype, key);
    const free = bindParameters(prototype, key, method);
    for (const index of free) {
      this.#problem(where, `parameter ${index + 1} has no source; give it a parameter decorator, such as @InvocationMetadata('key'), or remove it`);
    }
    MessagePattern(method.path, SERVICER_TRANSPORT, { method })(prototype, key, descriptor);
    // last bound, so innermost
    if (method.responseStream) UseInterceptors(createMessageGate(this.servicer, descriptor.value as object))(prototype, key, descriptor);
  }

  #findMissing(schema: ServiceSchema): void {
    for (const method of schema.methods.filter(({ path }) => !this.#handlers.has(path))) {
      const undecorated = method.localName in this.servicer.prototype;
      const fix = undecorated
        ? `put ${DECORATOR_OF[method.kind]} on ${this.servicer.name}.${method.localName}`
        : `add ${DECORATOR_OF[method.kind]} ${method.localName}(…), or say @Servicer(…, { partial: true })`;
      this.#problem(this.servicer.name, `${schema.typeName}.${method.name} has no handler; ${fix}`);
    }
  }

  #checkCancelHook(hook: { readonly key: string; readonly handlers: readonly string[] }): void {
    const names = [...this.#handlers.values()];
    for (const name of hook.handlers.filter((handler) => !names.includes(handler))) {
      this.#problem(`${this.servicer.name}.${hook.key}`, `@OnCancel names "${name}", which is no handler of the class.${didYouMean(name, names)}`);
    }
  }
}

const KIND_WORDS = { unary: 'unary', serverStream: 'server-streaming', clientStream: 'client-streaming', bidiStream: 'bidi-streaming' };

/**
 * The method's descriptor on this very class. An inherited method gets one of its own, because Nest records on the function,
 * and a base class may serve two services.
 */
function ownDescriptor(prototype: object, key: string): PropertyDescriptor {
  const own = Object.getOwnPropertyDescriptor(prototype, key);
  if (own !== undefined) return own;
  const inherited = (prototype as Record<string, (...args: unknown[]) => unknown>)[key] as (...args: unknown[]) => unknown;
  const handler = {
    [key](this: unknown, ...args: unknown[]): unknown {
      return inherited.apply(this, args);
    },
  }[key] as (...args: unknown[]) => unknown;
  Object.defineProperty(handler, 'length', { value: inherited.length });
  copyMetadata(inherited, handler);
  const descriptor = { value: handler, writable: true, enumerable: false, configurable: true };
  Object.defineProperty(prototype, key, descriptor);
  return descriptor;
}
