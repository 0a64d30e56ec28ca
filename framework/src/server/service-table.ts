import type { ModulesContainer } from '@nestjs/core';
import type { MessageHandler } from '@nestjs/microservices';
import type { ServicerContext } from '../call/servicer-context.js';
import { declarationProblems, servicersAmong, type ContainedClass } from '../decorators/check-declarations.js';
import { declaredServicer, type ServicerDeclaration } from '../decorators/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import type { MethodSchema } from '../schema/service-schema.js';
import { applicationClasses, controllerInstance } from './application-classes.js';
import type { BoundMethod } from './bound-method.js';
import type { FeatureServicer, ServerFeature } from './server-feature.js';

/** One rpc in the table, and who serves it. */
export interface TableEntry extends BoundMethod {
  /** `HashFinderServicer.find`, for the log. */
  readonly servedBy: string;
}

type HandlerOfNest = (request: unknown, context: ServicerContext) => unknown;

/** Pairs the handlers that Nest found with the rpcs that the servicers declared, once, at boot. */
export class ServiceTable {
  readonly entries: TableEntry[] = [];
  readonly problems: string[];
  readonly #classes: ContainedClass[];

  constructor(private readonly modules: ModulesContainer) {
    this.#classes = applicationClasses(modules);
    this.problems = declarationProblems(this.#classes);
  }

  /** Adds the application's servicers. @param handlers Nest's, by the pattern that `@Servicer` gave: the path */
  addServicers(handlers: ReadonlyMap<string, MessageHandler>): void {
    for (const { metatype } of servicersAmong(this.#classes)) {
      const declaration = declaredServicer(metatype) as ServicerDeclaration;
      const instance = controllerInstance(this.modules, metatype);
      for (const [path, key] of declaration.handlers) {
        const schema = declaration.schema?.methods.find((method) => method.path === path);
        const handler = handlers.get(path) as HandlerOfNest | undefined;
        if (schema === undefined || handler === undefined) continue;
        this.entries.push({ schema, handle: handler, cancelHooks: cancelHooksFor(declaration, key, instance), servedBy: `${metatype.name}.${key}` });
      }
    }
  }

  /** Adds the services that a feature implements itself. */
  addFeature(feature: ServerFeature): void {
    for (const servicer of feature.servicers?.() ?? []) this.#addFeatureServicer(feature.name, servicer);
  }

  #addFeatureServicer(feature: string, { schema: source, handlers }: FeatureServicer): void {
    const schema = schemaOf(source);
    for (const method of schema.methods) {
      const handle = handlers[method.localName];
      const where = `feature ${feature}: ${schema.typeName}.${method.name}`;
      if (handle === undefined) this.problems.push(`${where} has no handler; add handlers.${method.localName}`);
      else if (this.#has(method)) this.problems.push(`${where} is served already; remove the other servicer or the feature`);
      else this.entries.push({ schema: method, handle: (request, context) => handle(request as never, context), cancelHooks: [], servedBy: feature });
    }
  }

  #has({ path }: MethodSchema): boolean {
    return this.entries.some(({ schema }) => schema.path === path);
  }
}

function cancelHooksFor({ cancelHooks }: ServicerDeclaration, handler: string, instance: object | undefined): BoundMethod['cancelHooks'] {
  if (instance === undefined) return [];
  return cancelHooks
    .filter(({ handlers }) => handlers.length === 0 || handlers.includes(handler))
    .map(({ key }) => (context) => (instance as Record<string, (context: ServicerContext) => unknown>)[key]?.(context));
}
