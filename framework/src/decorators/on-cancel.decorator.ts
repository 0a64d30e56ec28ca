import { declareCancelHook } from './declaration.js';

/**
 * A method that runs once when a call of this servicer ends before its own status was sent (what aborts
 * `context.signal`). It gets the call's `ServicerContext`; what it throws is logged.
 *
 * @param handlers names of the handler methods it is for. Default: all of the class
 */
export function OnCancel(...handlers: string[]): MethodDecorator {
  return (prototype, key) => declareCancelHook(prototype, { key: String(key), handlers });
}
