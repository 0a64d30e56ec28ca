import { inspect } from 'node:util';
import { UsageError } from '../status/usage-error.js';
import { ServicerContext } from './servicer-context.js';

type Member = keyof ServicerContext;

/** All of them: one that is missing is a compile error. */
const MEMBERS: Readonly<Record<Member, true>> = {
  signal: true,
  isActive: true,
  timeRemainingMs: true,
  cancel: true,
  addCallback: true,
  invocationMetadata: true,
  peer: true,
  sendInitialMetadata: true,
  setTrailingMetadata: true,
  trailingMetadata: true,
  setCode: true,
  setDetails: true,
  code: true,
  details: true,
  abort: true,
  abortWithStatus: true,
  throwIfCancelled: true,
  checkpoint: true,
  detach: true,
};

/** Thrown when an injected `ServicerContext` is used by code that works for no call. */
export class OutsideCallError extends UsageError {
  override readonly name = 'OutsideCallError';

  constructor(member: string, user: string) {
    super(
      `ServicerContext.${member} was used outside a call, by ${user}. ` +
        'Use it only in work that a call started (not in a constructor, a lifecycle hook or a timer set there), ' +
        'or pass the context as an argument.',
    );
  }
}

/**
 * A `ServicerContext` that stands for the context of whatever call its user works for.
 *
 * A class with accessors and not a Proxy: Nest, `await`, `JSON.stringify` and `console.log` ask an object for many names,
 * and this one has just the context's own.
 *
 * @param user the provider it is injected in, for the error outside a call
 */
export function createContextStandIn(user: string): ServicerContext {
  class ServicerContextInCall {}
  const live = (member: Member): ServicerContext => {
    const context = ServicerContext.current();
    if (context === undefined) throw new OutsideCallError(member, user);
    return context;
  };
  Object.setPrototypeOf(ServicerContextInCall.prototype, ServicerContext.prototype);
  for (const member of Object.keys(MEMBERS) as Member[]) {
    Object.defineProperty(ServicerContextInCall.prototype, member, {
      configurable: true,
      get: member === 'signal' ? () => live(member).signal : () => methodOf(member, live),
    });
  }
  Object.defineProperty(ServicerContextInCall.prototype, inspect.custom, {
    value: () => `ServicerContext (${ServicerContext.current() === undefined ? 'outside a call' : 'in a call'})`,
  });
  return new ServicerContextInCall() as ServicerContext;
}

/** The method, bound late: one taken off its object works for the call it is called in. */
function methodOf(
  member: Exclude<Member, 'signal'>,
  live: (member: Member) => ServicerContext,
): (...args: unknown[]) => unknown {
  return (...args) => {
    const context = live(member) as unknown as Record<string, (...args: unknown[]) => unknown>;
    return context[member]?.(...args);
  };
}
