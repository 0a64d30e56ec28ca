import { inspect } from 'node:util';
import { UsageError } from '../status/usage-error.js';
import { ServicerContext } from './servicer-context.js';

type Member = keyof ServicerContext;

// `satisfies` and the check below it keep the list complete
const MEMBERS = [
  'signal',
  'isActive',
  'timeRemainingMs',
  'cancel',
  'addCallback',
  'invocationMetadata',
  'peer',
  'sendInitialMetadata',
  'setTrailingMetadata',
  'trailingMetadata',
  'setCode',
  'setDetails',
  'code',
  'details',
  'abort',
  'abortWithStatus',
  'throwIfCancelled',
  'checkpoint',
  'detach',
] as const satisfies readonly Member[];

/** Never a member: a member missing above is a compile error here. */
type Missing = Exclude<Member, (typeof MEMBERS)[number]>;
const complete: [Missing] extends [never] ? true : Missing = true;
void complete;

/** Thrown when an injected `ServicerContext` is used by code that works for no call. */
export class OutsideCallError extends UsageError {
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
  for (const member of MEMBERS) {
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
function methodOf(member: Exclude<Member, 'signal'>, live: (member: Member) => ServicerContext): (...args: unknown[]) => unknown {
  return (...args) => {
    const context = live(member);
    const method = context[member] as (...args: unknown[]) => unknown;
    return method.apply(context, args);
  };
}
