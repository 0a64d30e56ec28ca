import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../status/usage-error.js';
import { createContextStandIn, OutsideCallError } from './context-stand-in.js';
import { currentCall, type CurrentCall } from './current-call.js';
import { ServicerContext } from './servicer-context.js';

/** Every member that takes part in a call, with arguments that tell it apart. */
const CALLS: Readonly<Record<Exclude<keyof ServicerContext, 'signal'>, readonly unknown[]>> = {
  isActive: [],
  timeRemainingMs: [],
  cancel: ['enough'],
  addCallback: [() => undefined],
  invocationMetadata: [],
  peer: [],
  sendInitialMetadata: [{ a: '1' }],
  setTrailingMetadata: [{ b: '2' }],
  trailingMetadata: [],
  setCode: [5],
  setDetails: ['gone'],
  code: [],
  details: [],
  abort: [5, 'gone', { c: '3' }],
  abortWithStatus: [{ code: 5, details: 'gone' }],
  throwIfCancelled: [],
  checkpoint: [7],
  detach: [() => 'work'],
};

const standIn = createContextStandIn('Repository');

/** A context that answers every call with its own name and what it was given. */
function liveContext(name: string): ServicerContext {
  const methods = Object.keys(CALLS).map((member) => [
    member,
    function (this: unknown, ...args: unknown[]) {
      return { on: this, name, member, args };
    },
  ]);
  return Object.assign(Object.create(ServicerContext.prototype) as ServicerContext, Object.fromEntries(methods), {
    signal: new AbortController().signal,
  });
}

function inCall<T>(context: ServicerContext, work: () => T): T {
  return currentCall.run({ context } as CurrentCall, work);
}

const members = standIn as unknown as Record<string, (...args: unknown[]) => unknown>;

describe('the context that stands for that of the current call', () => {
  it.each(Object.entries(CALLS))('passes %s on, with its arguments, to the context of the call', (member, args) => {
    const context = liveContext('live');
    expect(inCall(context, () => members[member]?.(...args))).toEqual({ on: context, name: 'live', member, args });
  });

  it('gives the signal of the call', () => {
    const context = liveContext('live');
    expect(inCall(context, () => standIn.signal)).toBe(context.signal);
  });

  it('is bound late: a method that was taken off it works for the call it is called in', () => {
    const { peer } = inCall(liveContext('first'), () => ({ peer: members.peer! }));
    expect(inCall(liveContext('second'), () => peer())).toMatchObject({ name: 'second' });
    expect(() => peer()).toThrow(OutsideCallError);
  });

  it.each(['signal', ...Object.keys(CALLS)])('outside a call %s throws, naming the member and the user', (member) => {
    const use = (): unknown => (member === 'signal' ? standIn.signal : members[member]?.());
    expect(use).toThrow(OutsideCallError);
    expect(use).toThrow(UsageError);
    expect(use).toThrow(`ServicerContext.${member} was used outside a call, by Repository. `);
  });

  it('is a ServicerContext, and nothing that it is not', async () => {
    expect(standIn).toBeInstanceOf(ServicerContext);
    expect(await Promise.resolve(standIn)).toBe(standIn);
    expect(Object.keys(standIn)).toEqual([]);
    expect(JSON.stringify(standIn)).toBe('{}');
    expect(['then', 'toJSON', 'onModuleInit', 'onModuleDestroy'].filter((name) => name in standIn)).toEqual([]);
  });

  it('prints where it is', () => {
    expect(inspect({ standIn })).toBe('{ standIn: ServicerContext (outside a call) }');
    expect(inCall(liveContext('live'), () => inspect(standIn))).toBe('ServicerContext (in a call)');
  });
});
