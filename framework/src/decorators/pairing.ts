import { MessagePattern } from '@nestjs/microservices';
import { didYouMean, nearest } from '../schema/nearest.js';
import { methodOf, schemaOf } from '../schema/schema-of.js';
import type { MethodSchema, ServiceSchema } from '../schema/service-schema.js';
import { bindParameters } from './bind-parameters.js';
import {
  declaredCancelHooks,
  declaredMethods,
  type CancelDeclaration,
  type MethodDeclaration,
  type ServicerDeclaration,
} from './declaration.js';
import { holdCall } from './hold-call.js';
import { bindMessageGate } from './message-gate.js';
import { onResult } from './nest-internals.js';
import { ownMethod } from './own-method.js';
import { hasOtherPattern, SERVICER_TRANSPORT } from './pattern.js';
import { decoratorFor, isA, optionProblems } from './wording.js';
import { textOf } from '../status/text-of.js';

export type Constructor = new (...args: never[]) => object;

/** Pairs the methods of one class with the rpcs of its schema, and notes what does not fit. */
export class Pairing {
  readonly #problems: string[] = [];
  /** Handler methods by rpc path. */
  readonly #handlers = new Map<string, string>();
  /** Local names of rpcs that a misspelt method most likely meant. */
  readonly #meant = new Set<string>();
  readonly #prototype: object;

  constructor(
    private readonly servicer: Constructor,
    private readonly source: object,
    private readonly options: unknown,
  ) {
    this.#prototype = servicer.prototype as object;
  }

  declare(): ServicerDeclaration {
    for (const problem of optionProblems(this.options)) this.#problem(this.servicer.name, problem);
    const schema = this.#attempt(this.servicer.name, () => schemaOf(this.source));
    const cancelHooks = declaredCancelHooks(this.#prototype);
    if (schema !== undefined) this.#pairAll(schema, cancelHooks);
    return { schema, handlers: this.#handlers, cancelHooks, problems: this.#problems };
  }

  #pairAll(schema: ServiceSchema, cancelHooks: readonly CancelDeclaration[]): void {
    for (const { key, decorator } of declaredMethods(this.servicer)) {
      this.#meant.add(key);
      this.#problem(
        `${this.servicer.name}.${key}`,
        `has ${decorator} and is static; a handler is a method of the instance`,
      );
    }
    for (const declaration of this.#singleDeclarations()) this.#pair(declaration, schema);
    if ((this.options as { partial?: unknown } | null)?.partial !== true) this.#findMissing(schema);
    for (const hook of cancelHooks) this.#checkCancelHook(hook);
  }

  #problem(where: string, what: string): void {
    this.#problems.push(`${where}: ${what}`);
  }

  /** The result, or a problem with the text of what was thrown. */
  #attempt<T>(where: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.#problem(where, textOf(error));
      return undefined;
    }
  }

  /** The declared methods; of a method with two decorators the first, with a problem. */
  #singleDeclarations(): MethodDeclaration[] {
    const byKey = new Map<string, MethodDeclaration>();
    for (const declaration of declaredMethods(this.#prototype)) {
      const first = byKey.get(declaration.key);
      if (first === undefined) byKey.set(declaration.key, declaration);
      else {
        // decorators run from the inside out
        const both = `${declaration.decorator} and ${first.decorator}`;
        this.#problem(
          `${this.servicer.name}.${declaration.key}`,
          `has ${both}; a method serves one rpc, keep one of the two`,
        );
      }
    }
    return [...byKey.values()];
  }

  #pair(declaration: MethodDeclaration, schema: ServiceSchema): void {
    const where = `${this.servicer.name}.${declaration.key}`;
    const method = this.#methodOf(declaration, schema, where);
    if (method === undefined) return;
    const rpc = `${schema.typeName}.${method.name}`;
    const other = this.#handlers.get(method.path);
    this.#handlers.set(method.path, other ?? declaration.key);
    if (method.kind !== declaration.kind) {
      this.#problem(
        where,
        `${rpc} is ${isA(method.kind)}; use ${decoratorFor(method.kind)} instead of ${declaration.decorator}`,
      );
    } else if (other !== undefined) {
      this.#problem(where, `${rpc} is served by ${this.servicer.name}.${other} already; remove one of the two`);
    } else this.#bind(declaration, method, where);
  }

  #methodOf({ key, descriptor }: MethodDeclaration, schema: ServiceSchema, where: string): MethodSchema | undefined {
    if (descriptor !== undefined) {
      const path = this.#attempt(where, () => methodOf(descriptor));
      const method = schema.methods.find((candidate) => candidate.path === path);
      if (method === undefined && path !== undefined) {
        this.#problem(
          where,
          `its decorator names ${path}, which is no rpc of ${schema.typeName}; use a descriptor of that service`,
        );
      }
      return method;
    }
    const method = schema.methods.find((candidate) => candidate.localName === key);
    if (method === undefined) {
      const names = schema.methods.map((candidate) => candidate.localName);
      this.#meant.add(nearest(key, names) ?? key);
      this.#problem(where, `${schema.typeName} has no rpc of that name.${didYouMean(key, names)}`);
    }
    return method;
  }

  #bind({ key, decorator }: MethodDeclaration, method: MethodSchema, where: string): void {
    const descriptor = ownMethod(this.#prototype, key);
    if (descriptor === undefined) {
      const fix = 'write a method, not a property or an accessor';
      return this.#problem(where, `has ${decorator} and is no method; ${fix}`);
    }
    if (hasOtherPattern(descriptor.value)) {
      const fix = 'remove the other decorator';
      this.#problem(where, `has a message pattern of Nest's too, which ${decorator} replaces; ${fix}`);
    }
    for (const index of bindParameters(this.#prototype, key, method)) {
      const fix = "give it a parameter decorator, such as @InvocationMetadata('key'), or remove it";
      this.#problem(where, `parameter ${index + 1} has no source; ${fix}`);
    }
    MessagePattern(method.path, SERVICER_TRANSPORT, { method })(this.#prototype, key, descriptor);
    onResult(descriptor.value, holdCall);
    // last bound, so innermost
    if (method.responseStream) bindMessageGate(this.servicer, this.#prototype, key, descriptor);
  }

  #findMissing(schema: ServiceSchema): void {
    const missing = schema.methods.filter(
      ({ path, localName }) => !this.#handlers.has(path) && !this.#meant.has(localName),
    );
    for (const { kind, name, localName } of missing) {
      const fix =
        localName in this.#prototype
          ? `put ${decoratorFor(kind)} on ${this.servicer.name}.${localName}`
          : `add ${decoratorFor(kind)} ${localName}(…), or say @Servicer(…, { partial: true })`;
      this.#problem(this.servicer.name, `${schema.typeName}.${name} has no handler; ${fix}`);
    }
  }

  #checkCancelHook(hook: CancelDeclaration): void {
    const names = [...this.#handlers.values()];
    for (const name of hook.handlers.filter((handler) => !names.includes(handler))) {
      const where = `${this.servicer.name}.${hook.key}`;
      this.#problem(where, `@OnCancel names "${name}", which is no handler of the class.${didYouMean(name, names)}`);
    }
  }
}
