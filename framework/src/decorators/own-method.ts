import { recordedOn, restore } from './declaration.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** A descriptor whose value is a method. */
export type HandlerDescriptor = TypedPropertyDescriptor<Method> & { value: Method };

/**
 * The descriptor of a method on this very class. An inherited method gets one of its own, because Nest records on the
 * function, and a base class may serve two services.
 *
 * @returns `undefined` when the class has no method of that name
 */
export function ownMethod(prototype: object, key: string): HandlerDescriptor | undefined {
  const found = descriptorOf(prototype, key);
  if (found === undefined || !isMethod(found.descriptor)) return undefined;
  if (found.holder === prototype) return found.descriptor;
  const inherited: HandlerDescriptor = found.descriptor;
  const descriptor = { ...inherited, value: forwardTo(inherited.value, key) };
  Object.defineProperty(prototype, key, descriptor);
  return descriptor;
}

function descriptorOf(prototype: object, key: string): { holder: object; descriptor: PropertyDescriptor } | undefined {
  for (
    let holder: object | null = prototype;
    holder !== null;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) return { holder, descriptor };
  }
  return undefined;
}

function isMethod(descriptor: PropertyDescriptor): descriptor is HandlerDescriptor {
  return typeof descriptor.value === 'function';
}

/** A function that stands for another, with its name, its length and all that decorators recorded on it. */
function forwardTo(inherited: Method, key: string): Method {
  const handler: Method = function (...args) {
    return Reflect.apply(inherited, this, args);
  };
  Object.defineProperties(handler, { name: { value: key }, length: { value: inherited.length } });
  restore(handler, recordedOn(inherited));
  return handler;
}
