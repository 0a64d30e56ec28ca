import type { ModulesContainer } from '@nestjs/core';
import type { MessageHandler } from '@nestjs/microservices';
import type { ServicerContext } from '../call/servicer-context.js';
import { declarationProblems, servicersAmong, type ContainedClass } from '../decorators/check-declarations.js';
import { declaredServicer, type CancelDeclaration } from '../decorators/declaration.js';
import { probeNestInternals, type ProbedApplication } from '../decorators/nest-internals.js';
import { PipelineState } from '../decorators/pipeline-state.js';
import { didYouMean } from '../schema/nearest.js';
import { schemaOf } from '../schema/schema-of.js';
import type { MethodSchema, ServiceSchema } from '../schema/service-schema.js';
import { applicationClasses, controllerInstance, providedValues } from './application-classes.js';
import type { BoundMethod } from './bound-method.js';
import { GRPC_SERVER_OPTIONS, type GrpcServerOptions } from './grpc-server.options.js';
import { probeGrpcJsInternals } from './grpc-js-internals.js';
import type { FeatureServicer, ServerFeature } from './server-feature.js';
import { textOf } from '../status/text-of.js';

/** One rpc in the table, and who serves it. */
export interface TableEntry extends BoundMethod {
  /** `HashFinderServicer.find`, for the log. */
  readonly servedBy: string;
}

/** Nest's handlers, by pattern. */
type Handlers = ReadonlyMap<string, MessageHandler>;

/** Pairs the handlers that Nest found with the rpcs that the servicers declared, once, at boot. */
export class ServiceTable {
  readonly entries: TableEntry[] = [];
  /** What keeps the application from being served. */
  readonly problems: string[];
  /** What can be served, and is likely not what was meant. */
  readonly warnings: string[];
  readonly #classes: ContainedClass[];

  /** @throws {InternalsError} when the installed Nest is one that cannot be worked with */
  constructor(private readonly modules: ModulesContainer) {
    this.#classes = applicationClasses(modules);
    this.problems = [...serverModuleProblems(modules), ...declarationProblems(this.#classes)];
    this.warnings = [...probeNestInternals(probedApplication(modules)), ...probeGrpcJsInternals()];
  }

  /** Adds the application's servicers. @param handlers Nest's, by the pattern that `@Servicer` gave: the path */
  addServicers(handlers: Handlers): void {
    const servicers = servicersAmong(this.#classes);
    for (const { metatype } of servicers) this.#addServicer(metatype, handlers);
    if (servicers.length === 0) {
      this.warnings.push('No module has a class with @Servicer in its controllers: there is nothing to serve');
    }
    this.warnings.push(...strangers(handlers));
  }

  /** Adds the services that a feature implements itself. */
  addFeature(feature: ServerFeature): void {
    for (const servicer of feature.servicers?.() ?? []) this.#addFeatureServicer(feature.name, servicer);
  }

  #addServicer(metatype: ContainedClass['metatype'], handlers: Handlers): void {
    const declaration = declaredServicer(metatype);
    // a class with problems stops the boot; what else does not fit follows from them
    if (declaration?.schema === undefined || declaration.problems.length > 0) return;
    const instance = controllerInstance(this.modules, metatype);
    for (const [path, key] of declaration.handlers) {
      const servedBy = `${metatype.name}.${key}`;
      const schema = declaration.schema.methods.find((method) => method.path === path);
      const handler = handlers.get(path);
      if (schema === undefined || handler?.extras?.method !== schema) {
        this.problems.push(`${servedBy}: another handler has the pattern "${path}"; remove its @MessagePattern`);
      } else {
        const handle = handler as BoundMethod['handle'];
        this.entries.push({ schema, handle, cancelHooks: hooksFor(key, declaration.cancelHooks, instance), servedBy });
      }
    }
  }

  #addFeatureServicer(feature: string, { schema: source, handlers }: FeatureServicer): void {
    const schema = this.#schemaOf(source, `feature ${feature}`);
    if (schema === undefined) return;
    for (const method of schema.methods) {
      const handle = handlers[method.localName]?.bind(handlers) as BoundMethod['handle'] | undefined;
      const where = `feature ${feature}: ${schema.typeName}.${method.name}`;
      if (handle === undefined) this.problems.push(`${where} has no handler; add handlers.${method.localName}`);
      else if (this.#has(method)) {
        this.problems.push(`${where} is served already; remove the other servicer or the feature`);
      } else this.entries.push({ schema: method, handle, cancelHooks: [], servedBy: feature });
    }
    const names = schema.methods.map(({ localName }) => localName);
    for (const name of Object.keys(handlers).filter((key) => !names.includes(key))) {
      const where = `feature ${feature}: handlers.${name}`;
      this.problems.push(`${where} is no rpc of ${schema.typeName}.${didYouMean(name, names)}`);
    }
  }

  #schemaOf(source: object, where: string): ServiceSchema | undefined {
    try {
      return schemaOf(source);
    } catch (error) {
      this.problems.push(`${where}: ${textOf(error)}`);
      return undefined;
    }
  }

  #has({ path }: MethodSchema): boolean {
    return this.entries.some(({ schema }) => schema.path === path);
  }
}

/** Every import of the module with options of its own makes a server of its own, and only one of them would listen. */
function serverModuleProblems(modules: ModulesContainer): string[] {
  const all = providedValues(modules, GRPC_SERVER_OPTIONS) as (Partial<GrpcServerOptions> | undefined)[];
  if (all.length <= 1) return [];
  const where = all.map((options) => addresses(options?.listen)).join(' and ');
  return [
    `GrpcServerModule: is imported ${all.length} times (listen: ${where}); import it once, in the root module: it is global`,
  ];
}

/** The addresses without their credentials, which hold secrets. */
function addresses(listen: unknown): string {
  const entries: unknown[] = Array.isArray(listen) ? listen : [listen];
  const names = entries.map((entry) =>
    typeof entry === 'object' ? (entry as { address?: unknown } | null)?.address : entry,
  );
  return names.map((name) => (typeof name === 'string' ? name : 'nothing')).join(', ');
}

function probedApplication(modules: ModulesContainer): ProbedApplication {
  const pipelines = providedValues(modules, PipelineState) as PipelineState[];
  return { modules, provider: PipelineState, readsGlobals: pipelines.every(({ readsGlobals }) => readsGlobals) };
}

/** Handlers that name no transport: Nest offers them to every strategy, and this one cannot serve them. */
function strangers(handlers: Handlers): string[] {
  const patterns = [...handlers].filter(([, { extras }]) => extras?.method === undefined);
  return patterns.map(([pattern, { isEventHandler }]) => {
    const decorator = isEventHandler ? '@EventPattern' : '@MessagePattern';
    return `${decorator}('${pattern}') names no transport and gRPC cannot serve it; name the one that does, as in ${decorator}('${pattern}', Transport.TCP)`;
  });
}

function hooksFor(
  handler: string,
  hooks: readonly CancelDeclaration[],
  instance: object | undefined,
): BoundMethod['cancelHooks'] {
  if (instance === undefined) return [];
  return hooks
    .filter(({ handlers }) => handlers.length === 0 || handlers.includes(handler))
    .map(
      ({ key }) =>
        (context) =>
          (instance as Record<string, (context: ServicerContext) => unknown>)[key]?.(context),
    );
}
