import type * as common from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type * as microservices from '@nestjs/microservices';
import { afterEach, describe, expect, it, vi } from 'vitest';

const PROVIDER = Symbol('provider');
const versions =
  /@nestjs\/common \d+\.\d+\.\d+\S*, @nestjs\/core \d+\.\d+\.\d+\S*, @nestjs\/microservices \d+\.\d+\.\d+/;

/** Modules of which one holds the provider, at a distance. */
function modulesAt(distance: number | undefined): ModulesContainer {
  const modules = [
    { distance: 0, providers: new Map() },
    { distance, providers: new Map([[PROVIDER, {}]]) },
  ];
  return new Map(modules.map((module, at) => [String(at), module])) as unknown as ModulesContainer;
}

/** What an application's configuration is asked for. */
const GLOBAL = ['getGlobalInterceptors', 'getGlobalRequestInterceptors', 'getGlobalFilters', 'getGlobalRequestFilters'];

const wellBooted = { modules: modulesAt(-1), provider: PROVIDER, readsGlobals: true };

/** The module under test, over packages of Nest in which a decorator records elsewhere. */
async function over(mocks: { common?: Partial<typeof common>; microservices?: Partial<typeof microservices> }) {
  vi.resetModules();
  vi.doMock('@nestjs/common', async (original) => ({ ...(await original<typeof common>()), ...mocks.common }));
  vi.doMock('@nestjs/microservices', async (original) => ({
    ...(await original<typeof microservices>()),
    ...mocks.microservices,
  }));
  return {
    ...(await import('./nest-internals.js')),
    ...(await import('./message-gate.js')),
    ...(await import('./pipeline-state.js')),
  };
}

afterEach(() => {
  vi.doUnmock('@nestjs/common');
  vi.doUnmock('@nestjs/microservices');
  vi.resetModules();
});

const elsewhere =
  (): ClassDecorator & MethodDecorator & ParameterDecorator =>
  (target: object): void =>
    Reflect.defineMetadata('elsewhere', true, target);

describe('design 3, the boot probe over the internals of Nest', () => {
  it('finds everything in the Nest that is installed', async () => {
    const { probeNestInternals } = await over({});
    expect(probeNestInternals(wellBooted)).toEqual([]);
  });

  it.each<[decorator: string, mocks: Parameters<typeof over>[0]]>([
    ['@Payload', { microservices: { Payload: elsewhere } }],
    ['@Ctx', { microservices: { Ctx: elsewhere } }],
    ['createParamDecorator', { common: { createParamDecorator: () => elsewhere } }],
  ])('refuses a Nest that records %s elsewhere, naming the entry and its versions', async (_decorator, mocks) => {
    const { probeNestInternals } = await over(mocks);

    expect(() => probeNestInternals(wellBooted)).toThrow(
      expect.objectContaining({
        name: 'InternalsError',
        entry: 'route-arguments',
        installed: expect.stringMatching(versions) as string,
        message: expect.stringMatching(
          /^"route-arguments" is not where nestjs-servicer looks for it in @nestjs.*: parameters/,
        ) as string,
      }),
    );
  });

  it.each<[decorator: string, mocks: Parameters<typeof over>[0]]>([
    ['@UseFilters', { common: { UseFilters: elsewhere } }],
    ['@UseInterceptors', { common: { UseInterceptors: elsewhere } }],
  ])('warns once of a Nest that records %s elsewhere', async (_decorator, mocks) => {
    const { probeNestInternals, ownEnhancers } = await over(mocks);

    expect(probeNestInternals(wellBooted)).toEqual([
      expect.stringMatching(/^"enhancer-metadata" is not where .*: every stream of responses/),
    ]);
    expect(ownEnhancers(Object, Object)).toBeUndefined();
  });

  it.each<[what: string, mocks: Parameters<typeof over>[0], kept: boolean]>([
    ['leaves the gate out where enhancers can be read and there are none', {}, false],
    ['keeps the gate where they cannot be read', { common: { UseFilters: elsewhere } }, true],
  ])('%s', async (_what, mocks, kept) => {
    const { PipelineState, bindMessageGate } = await over(mocks);
    const none = (): never[] => [];
    const config = Object.fromEntries(GLOBAL.map((name) => [name, none]));
    const application = new PipelineState({ interceptorsContextCreator: { config } } as never);

    class Servicer {
      serve(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Servicer.prototype, 'serve') as { value: () => void };
    bindMessageGate(Servicer, Servicer.prototype, 'serve', descriptor);
    const [gate] = Reflect.getMetadata('__interceptors__', descriptor.value) as [{ readonly intercept?: unknown }];

    expect(application.hasGlobals).toBe(false);
    expect(gate.intercept !== undefined).toBe(kept);
  });

  it('warns of a container whose global enhancers cannot be read', async () => {
    const { probeNestInternals, globalEnhancerCount } = await over({});

    expect(globalEnhancerCount({} as never)).toBeUndefined();
    expect(probeNestInternals({ ...wellBooted, readsGlobals: false })).toEqual([
      expect.stringMatching(/^"global-enhancers" is not where .*: every stream of responses/),
    ]);
  });

  it.each([0, undefined])(
    'warns of a module that is at distance %s and would not be destroyed first',
    async (distance) => {
      const { probeNestInternals } = await over({});

      expect(probeNestInternals({ ...wellBooted, modules: modulesAt(distance) })).toEqual([
        expect.stringMatching(/^"module-distance" is not where .*: stop the server before app\.close\(\)/),
      ]);
    },
  );
});
