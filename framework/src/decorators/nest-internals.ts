import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createParamDecorator, UseFilters, UseInterceptors } from '@nestjs/common';
import type { ExceptionFilter, NestInterceptor } from '@nestjs/common';
import type { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { EMPTY } from 'rxjs';
import { InternalsError } from './internals-error.js';

/**
 * Everything in Nest that is not its public API and that the framework leans on. Nothing else may.
 * Each entry says what for and what happens without it; `probeNestInternals` checks them when an application boots.
 */

const ROUTE_ARGUMENTS = '__routeArguments__';
const EXCEPTION_FILTERS = '__exceptionFilters__';
const INTERCEPTORS = '__interceptors__';

/** Where a parameter gets its value from, in Nest's numbering. */
const PAYLOAD = 3;
const CONTEXT = 6;

/** A parameter of a handler that a decorator gave a source. */
export interface BoundParameter {
  /** From 0. */
  readonly index: number;
  readonly source: 'payload' | 'context' | 'other';
  /** What was given to `createParamDecorator`, if the decorator was made by it. */
  readonly factory: unknown;
}

/**
 * Which parameters of a handler are bound already, so that `@Servicer` binds only the rest.
 *
 * Public fallback: none; nobody could tell which parameters are free.
 * @quarantine route-arguments
 */
export function boundParameters(prototype: object, method: string): BoundParameter[] {
  const bound = (Reflect.getMetadata(ROUTE_ARGUMENTS, prototype.constructor, method) ?? {}) as Record<
    string,
    { readonly index: number; readonly factory?: unknown }
  >;
  return Object.entries(bound).map(([key, { index, factory }]) => ({ index, source: sourceOf(key), factory }));
}

function sourceOf(key: string): BoundParameter['source'] {
  if (key.startsWith(`${PAYLOAD}:`)) return 'payload';
  return key.startsWith(`${CONTEXT}:`) ? 'context' : 'other';
}

/**
 * The interceptors and filters that are bound to a class and one of its methods, to leave the message gate out where
 * nothing could care.
 *
 * Public fallback: `undefined`, and the gate stays.
 * @quarantine enhancer-metadata
 */
export function ownEnhancers(target: object, method: object): unknown[] | undefined {
  enhancersAreReadable ??= canReadEnhancers();
  return enhancersAreReadable ? readEnhancers(target, method) : undefined;
}

let enhancersAreReadable: boolean | undefined = undefined;

function readEnhancers(target: object, method: object): unknown[] {
  const read = (key: string, on: object): unknown[] => (Reflect.getMetadata(key, on) ?? []) as unknown[];
  return [INTERCEPTORS, EXCEPTION_FILTERS].flatMap((key) => [...read(key, target), ...read(key, method)]);
}

interface GlobalEnhancers {
  getGlobalInterceptors(): unknown[];
  getGlobalRequestInterceptors(): unknown[];
  getGlobalFilters(): unknown[];
  getGlobalRequestFilters(): unknown[];
  /** Nest 12 */
  getGlobalPreRequestHooks?(): unknown[];
}

/**
 * A count of the application's global interceptors, filters and hooks, to leave the message gate out where nothing could
 * care.
 *
 * Public fallback: `undefined`, and the gate stays.
 * @quarantine global-enhancers
 */
export function globalEnhancerCount(creator: ExternalContextCreator): (() => number) | undefined {
  const { interceptorsContextCreator } = creator as unknown as {
    readonly interceptorsContextCreator?: { readonly config?: Partial<GlobalEnhancers> };
  };
  const config = interceptorsContextCreator?.config;
  if (!isGlobalEnhancers(config)) return undefined;
  return () =>
    config.getGlobalInterceptors().length +
    config.getGlobalRequestInterceptors().length +
    config.getGlobalFilters().length +
    config.getGlobalRequestFilters().length +
    (config.getGlobalPreRequestHooks?.().length ?? 0);
}

function isGlobalEnhancers(config: Partial<GlobalEnhancers> | undefined): config is GlobalEnhancers {
  const names = [
    'getGlobalInterceptors',
    'getGlobalRequestInterceptors',
    'getGlobalFilters',
    'getGlobalRequestFilters',
  ] as const;
  return names.every((name) => typeof config?.[name] === 'function');
}

/**
 * Tells what a handler returned, each time that Nest calls it: by `handler.apply(…)`, so that an `apply` of the handler's own
 * is told, and the handler stays the very function that decorators know.
 *
 * Behind an interceptor a handler's promise is out of reach: an ended call is unsubscribed, and nothing says when the
 * handler has settled, which is how long its slot is held.
 *
 * Public fallback: none needed; behind an interceptor a slot is then free as soon as its call has ended.
 * @quarantine handler-apply
 */
export function onResult(handler: (...args: never[]) => unknown, told: (result: unknown) => void): void {
  const apply = (self: unknown, args: never[]): unknown => {
    const result: unknown = Reflect.apply(handler, self, args);
    told(result);
    return result;
  };
  Object.defineProperty(handler, 'apply', { value: apply, configurable: true, writable: true });
}

/**
 * Makes a module the first that Nest destroys (and the last that it initialises): calls drain before any provider's
 * `onModuleDestroy` closes what they use.
 *
 * Public fallback: stop the server before `app.close()`. Without the setter Nest's own order stays.
 * @quarantine module-distance
 */
export function destroyFirst(modules: ModulesContainer, metatype: unknown): void {
  for (const module of modules.values()) {
    if (module.metatype === metatype) (module as { distance: number }).distance = FIRST_DESTROYED;
  }
}

const FIRST_DESTROYED = -1;

/** What is asked of one application when it boots. */
export interface ProbedApplication {
  readonly modules: ModulesContainer;
  /** A provider of the module that was to be destroyed first. */
  readonly provider: unknown;
  /** Whether its global enhancers could be found. */
  readonly readsGlobals: boolean;
}

/**
 * Checks every entry of this file against the Nest that is installed.
 *
 * @returns one warning for each entry whose fallback is used
 * @throws {InternalsError} for an entry that nothing can stand in for
 */
export function probeNestInternals({ modules, provider, readsGlobals }: ProbedApplication): string[] {
  if (!canReadParameters()) {
    throw new InternalsError('route-arguments', installedNest(), 'parameters cannot be given their sources');
  }
  const gateStays =
    'every stream of responses passes through an Observable, whether or not an interceptor or a filter looks';
  const fallbacks: readonly [entry: string, works: boolean, instead: string][] = [
    ['enhancer-metadata', ownEnhancers(Object, Object) !== undefined, gateStays],
    ['global-enhancers', readsGlobals, gateStays],
    [
      'module-distance',
      isDestroyedFirst(modules, provider),
      'stop the server before app.close(): providers may be destroyed under calls',
    ],
  ];
  return fallbacks
    .filter(([, works]) => !works)
    .map(
      ([entry, , instead]) => `"${entry}" is not where nestjs-servicer looks for it in ${installedNest()}: ${instead}`,
    );
}

/** Decorates the parameters of a method as a user would, and looks whether they are found. */
function canReadParameters(): boolean {
  class Probe {
    method(): void {
      // only its parameters matter
    }
  }
  const factory = (): undefined => undefined;
  const { prototype } = Probe;
  Payload()(prototype, 'method', 0);
  Ctx()(prototype, 'method', 1);
  createParamDecorator(factory)()(prototype, 'method', 2);
  const found = boundParameters(prototype, 'method').map(({ index, source }) => `${index} ${source}`);
  const ours = boundParameters(prototype, 'method').some((bound) => bound.index === 2 && bound.factory === factory);
  return ours && ['0 payload', '1 context', '2 other'].every((parameter) => found.includes(parameter));
}

/** Binds an interceptor and a filter to a class and to a method, and looks whether all four are found. */
function canReadEnhancers(): boolean {
  class Probe {
    method(): void {
      // only what is bound to it matters
    }
  }
  const { prototype } = Probe;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'method')!;
  const method = descriptor.value as object;
  const enhancer = (): NestInterceptor & ExceptionFilter => ({ intercept: () => EMPTY, catch: () => undefined });
  const [onClass, onMethod, ofClass, ofMethod] = [enhancer(), enhancer(), enhancer(), enhancer()] as const;
  UseInterceptors(onClass)(Probe);
  UseInterceptors(onMethod)(prototype, 'method', descriptor);
  UseFilters(ofClass)(Probe);
  UseFilters(ofMethod)(prototype, 'method', descriptor);
  const found = readEnhancers(Probe, method);
  return [onClass, onMethod, ofClass, ofMethod].every((bound) => found.includes(bound));
}

function isDestroyedFirst(modules: ModulesContainer, provider: unknown): boolean {
  const holders = [...modules.values()].filter((module) => module.providers.has(provider as never));
  return holders.length > 0 && holders.every((module) => module.distance === FIRST_DESTROYED);
}

/** `@nestjs/common 12.5.1, @nestjs/core 12.5.1, …`, for messages. */
function installedNest(): string {
  const { resolve } = createRequire(import.meta.url);
  const versionOf = (name: string): string => {
    try {
      // beside the entry, because not every package exports its manifest
      const manifest = readFileSync(join(dirname(resolve(name)), 'package.json'), 'utf8');
      return `${name} ${(JSON.parse(manifest) as { readonly version: string }).version}`;
    } catch {
      return `${name} of an unknown version`;
    }
  };
  return ['@nestjs/common', '@nestjs/core', '@nestjs/microservices'].map(versionOf).join(', ');
}
