import { Catch, HttpException, type ArgumentsHost } from '@nestjs/common';
import type { ExternalContextCreator } from '@nestjs/core';
import { BaseRpcExceptionFilter, RpcException } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { currentCall, type CurrentCall } from '../call/current-call.js';
import { anyApplicationHasGlobals, PipelineState } from './pipeline-state.js';
import { isNestsAnonymousError, WitnessFilter } from './witness.filter.js';

/** What Nest finds among a filter's types, by the means that it has for it. */
function typesOf(filter: object): (new () => unknown)[] {
  class Reference {}
  Catch(Error)(Reference);
  const [key] = Reflect.getOwnMetadataKeys(Reference).filter((one) =>
    Array.isArray(Reflect.getOwnMetadata(one, Reference)),
  );
  return Reflect.getMetadata(key as string, filter.constructor) as (new () => unknown)[];
}

/** A container with so many global interceptors. */
function creatorWith(interceptors: unknown[]): ExternalContextCreator {
  const none = (): never[] => [];
  const config = {
    getGlobalInterceptors: () => interceptors,
    getGlobalRequestInterceptors: none,
    getGlobalFilters: none,
    getGlobalRequestFilters: none,
  };
  return { interceptorsContextCreator: { config } } as unknown as ExternalContextCreator;
}

const callOf = (application: object, raising: boolean) =>
  ({ application, raising, thrown: undefined, isEcho: () => false }) as unknown as CurrentCall;

/** Asks a filter about an exception, as Nest does. */
const ask = (filter: object, exception: unknown): boolean => typesOf(filter).some((type) => exception instanceof type);

describe('the filter that matches nothing', () => {
  it('notes what its application is asked about, for the call that raises it', () => {
    const state = new PipelineState(creatorWith([]));
    const filter = new WitnessFilter(state);
    const error = new Error('oh');
    const call = callOf(state, true);

    expect(currentCall.run(call, () => ask(filter, error))).toBe(false);
    expect(call.thrown).toEqual({ error });
  });

  it('notes nothing for a call of another application, nor for one whose result is in hand', () => {
    const state = new PipelineState(creatorWith([]));
    const filter = new WitnessFilter(state);
    const others = [callOf(new PipelineState(creatorWith([])), true), callOf(state, false)];
    for (const call of others) currentCall.run(call, () => ask(filter, new Error('oh')));

    expect(others.map(({ thrown }) => thrown)).toEqual([undefined, undefined]);
  });

  it('remembers the last one for the rest of the synchronous stretch, once', async () => {
    const state = new PipelineState(creatorWith([]));
    const filter = new WitnessFilter(state);
    ask(filter, 'first');
    ask(filter, undefined);
    expect(state.takeLast()).toEqual({ error: undefined });
    expect(state.takeLast()).toBeUndefined();

    ask(filter, 'later');
    await Promise.resolve();
    expect(state.takeLast()).toBeUndefined();
  });

  it('works without an application, in a module that a test put together', () => {
    expect(ask(new WitnessFilter(), new Error('oh'))).toBe(false);
  });
});

describe("what Nest's base filter makes of an exception", () => {
  async function answerTo(exception: unknown): Promise<unknown> {
    const answer = new BaseRpcExceptionFilter().catch(exception, {} as ArgumentsHost) as Observable<never>;
    return new Promise((resolve) => answer.subscribe({ error: resolve }));
  }

  it.each<[what: string, exception: unknown, anonymous: boolean]>([
    ['an HttpException', new HttpException('gone', 404), true],
    ['an RpcException of text', new RpcException('said'), true],
    ['an RpcException of a status', new RpcException({ code: 5, message: 'gone' }), false],
    ['an RpcException of another object', new RpcException({ reason: 'none' }), false],
  ])('is told from what others throw: %s', async (_what, exception, anonymous) => {
    expect(isNestsAnonymousError(await answerTo(exception))).toBe(anonymous);
  });

  it.each([
    [undefined],
    [null],
    ['error'],
    [new Error('error')],
    [{ status: 'error' }],
    [{ status: 'error', message: '', code: 2 }],
  ])('is not %o', (thrown) => {
    expect(isNestsAnonymousError(thrown)).toBe(false);
  });
});

describe('what is bound globally in the applications of a process', () => {
  it('is asked of those that live, and in doubt there is something', () => {
    const interceptors: unknown[] = [];
    const one = new PipelineState(creatorWith(interceptors));
    expect([one.readsGlobals, one.hasGlobals]).toEqual([true, false]);

    const unreadable = new PipelineState({} as ExternalContextCreator);
    expect([unreadable.readsGlobals, unreadable.hasGlobals, anyApplicationHasGlobals()]).toEqual([false, true, true]);

    unreadable.onApplicationShutdown();
    expect(anyApplicationHasGlobals()).toBe(false);
    interceptors.push({});
    expect([one.hasGlobals, anyApplicationHasGlobals()]).toEqual([true, true]);
  });
});
