import type { ModulesContainer } from '@nestjs/core';
import type { ContainedClass } from '../decorators/check-declarations.js';
import type { Hook } from '../termination/lifecycle-hooks.js';

/** What is asked of a container's entry, Nest's `InstanceWrapper`. */
interface Wrapper {
  readonly metatype: unknown;
  readonly instance: unknown;
  readonly inject?: unknown;
  isDependencyTreeStatic(): boolean;
}

interface Found {
  readonly wrapper: Wrapper;
  readonly role: ContainedClass['role'];
  readonly module: string;
}

/** The classes that an application's container holds, each as often as a module lists it. */
export function applicationClasses(modules: ModulesContainer): ContainedClass[] {
  return [...wrappersOf(modules)].flatMap(({ wrapper, role, module }) => {
    // a factory's metatype is the factory
    if (!isClass(wrapper.metatype) || Array.isArray(wrapper.inject)) return [];
    return [{ metatype: wrapper.metatype, role, module, requestScoped: !wrapper.isDependencyTreeStatic() }];
  });
}

/** The one instance of a controller; `undefined` when there is one for each call. */
export function controllerInstance(modules: ModulesContainer, metatype: unknown): object | undefined {
  for (const { wrapper, role } of wrappersOf(modules)) {
    if (role === 'controller' && wrapper.metatype === metatype && wrapper.isDependencyTreeStatic())
      return wrapper.instance as object;
  }
  return undefined;
}

/** The hook of every provider and controller that has a method of this name; each instance once. */
export function applicationHooks(modules: ModulesContainer, method: string): Hook[] {
  const hooks = new Map<object, Hook>();
  for (const { wrapper } of wrappersOf(modules)) {
    const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
    if (typeof instance !== 'object' || instance === null || !(method in instance)) continue;
    const run = (instance as Record<string, unknown>)[method];
    if (typeof run !== 'function') continue;
    hooks.set(instance, {
      owner: `${instance.constructor.name}.${method}()`,
      run: () => run.call(instance) as unknown,
    });
  }
  return [...hooks.values()];
}

/** The values that the modules of an application provide under one token, each module's own. */
export function providedValues(modules: ModulesContainer, token: unknown): unknown[] {
  return [...modules.values()].flatMap((module) => {
    const wrapper = module.providers.get(token as never);
    return wrapper === undefined ? [] : [wrapper.instance];
  });
}

function isClass(metatype: unknown): metatype is ContainedClass['metatype'] {
  return typeof metatype === 'function' && typeof metatype.prototype === 'object' && metatype.prototype !== null;
}

function* wrappersOf(modules: ModulesContainer): Iterable<Found> {
  for (const module of modules.values()) {
    for (const wrapper of module.controllers.values()) yield { wrapper, role: 'controller', module: module.name };
    for (const wrapper of module.providers.values()) yield { wrapper, role: 'provider', module: module.name };
  }
}
