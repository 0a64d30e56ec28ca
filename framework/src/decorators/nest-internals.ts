import 'reflect-metadata';
import type { ExternalContextCreator, ModulesContainer } from '@nestjs/core';

/**
 * Everything in Nest that is not its public API and that the framework leans on. Nothing else may.
 * Each entry says what for and what happens without it; `probeNestInternals` checks them when an application boots.
 */

const ROUTE_ARGUMENTS = '__routeArguments__';
const EXCEPTION_FILTERS = '__exceptionFilters__';
const INTERCEPTORS = '__interceptors__';
const PARAM_TYPES = 'design:paramtypes';

/** Where a parameter gets its value from, in Nest's numbering. */
const PAYLOAD = 3;
const CONTEXT = 6;

/** What parameter decorators bound on a method. */
export interface BoundParameters {
  readonly indexes: ReadonlySet<number>;
  readonly hasPayload: boolean;
  readonly hasContext: boolean;
}

/**
 * Which parameters of a handler are bound already, so that `@Servicer` binds only the rest.
 *
 * Public fallback: `@Payload()` and `@Ctx()` on every parameter, by the user.
 * @quarantine route-arguments
 */
export function boundParameters(target: object, method: string): BoundParameters {
  const bound = (Reflect.getMetadata(ROUTE_ARGUMENTS, target.constructor, method) ?? {}) as Record<string, { index: number }>;
  const has = (type: number): boolean => Object.keys(bound).some((key) => key.startsWith(`${type}:`));
  return { indexes: new Set(Object.values(bound).map(({ index }) => index)), hasPayload: has(PAYLOAD), hasContext: has(CONTEXT) };
}

/**
 * Puts a filter where Nest asks it last of the class's own, whatever the order of the decorators: `UseFilters` appends,
 * and Nest asks the last one first.
 *
 * Public fallback: `UseFilters`, which would be asked before the filters that stand below `@Servicer`.
 * @quarantine exception-filters
 */
export function bindFilterLast(target: object, filter: object): void {
  const filters = (Reflect.getMetadata(EXCEPTION_FILTERS, target) ?? []) as unknown[];
  Reflect.defineMetadata(EXCEPTION_FILTERS, [filter, ...filters], target);
}

/**
 * How many interceptors and filters are bound to a class and one of its methods, ours included.
 *
 * Public fallback: none needed, the gate stays for every response stream.
 * @quarantine enhancer-metadata
 */
export function countOwnEnhancers(target: object, method: object): number {
  const count = (key: string, on: object): number => ((Reflect.getMetadata(key, on) ?? []) as unknown[]).length;
  return count(INTERCEPTORS, target) + count(INTERCEPTORS, method) + count(EXCEPTION_FILTERS, target) + count(EXCEPTION_FILTERS, method);
}

/** Whether `UseInterceptors` has recorded anything on a method yet. */
export function hasInterceptors(method: object): boolean {
  return Reflect.hasMetadata(INTERCEPTORS, method);
}

/** The declared types of a method's parameters, as the compiler recorded them; `undefined` when it did not. */
export function parameterTypes(target: object, method: string): unknown[] | undefined {
  return Reflect.getMetadata(PARAM_TYPES, target, method) as unknown[] | undefined;
}

interface GlobalEnhancers {
  getGlobalInterceptors(): unknown[];
  getGlobalRequestInterceptors(): unknown[];
  getGlobalFilters(): unknown[];
  getGlobalRequestFilters(): unknown[];
}

/**
 * A count of the application's global interceptors and filters, to leave the message gate out where nothing could care.
 *
 * Public fallback: `undefined`, and the gate stays.
 * @quarantine global-enhancers
 */
export function globalEnhancerCount(creator: ExternalContextCreator): (() => number) | undefined {
  const config = (creator as unknown as { interceptorsContextCreator?: { config?: Partial<GlobalEnhancers> } }).interceptorsContextCreator?.config;
  if (!isGlobalEnhancers(config)) return undefined;
  return () =>
    config.getGlobalInterceptors().length +
    config.getGlobalRequestInterceptors().length +
    config.getGlobalFilters().length +
    config.getGlobalRequestFilters().length;
}

function isGlobalEnhancers(config: Partial<GlobalEnhancers> | undefined): config is GlobalEnhancers {
  return (['getGlobalInterceptors', 'getGlobalRequestInterceptors', 'getGlobalFilters', 'getGlobalRequestFilters'] as const).every(
    (name) => typeof config?.[name] === 'function',
  );
}

/**
 * Makes a module the first that Nest destroys (and the last that it initialises): calls drain before any provider's
 * `onModuleDestroy` closes what they use.
 *
 * Public fallback: stop the server before `app.close()`. Without the setter Nest's own order stays.
 * @quarantine module-distance
 * @returns whether the module was found and moved
 */
export function destroyFirst(modules: ModulesContainer, metatype: unknown): boolean {
  let moved = false;
  for (const module of modules.values()) {
    if (module.metatype !== metatype || !('distance' in module)) continue;
    (module as { distance: number }).distance = -1;
    moved = true;
  }
  return moved;
}
