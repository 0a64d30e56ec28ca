import { UseInterceptors, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { EMPTY, Observable, concatMap, of } from 'rxjs';
import { currentCall, type CurrentCall } from '../call/current-call.js';
import { isAsyncIterable, pump } from '../streams/pump.js';
import { ownEnhancers } from './nest-internals.js';
import type { HandlerDescriptor } from './own-method.js';
import { anyApplicationHasGlobals } from './pipeline-state.js';
import { WitnessFilter } from './witness.filter.js';

type Intercept = NestInterceptor['intercept'];

const gates = new WeakSet<object>();

/**
 * Binds the innermost interceptor to a method with a response stream: it turns the handler's iterable into one item per
 * message, so that the user's interceptors and filters see each, and pulls the next one only when the call has room.
 *
 * An instance whose `intercept` is absent where nothing of the user's could care: Nest then leaves it out when it builds
 * the pipeline. Its absence is a latch that only ever turns to present, because Nest reads `intercept` again at each call
 * and a second application in the process may hold the same gate.
 */
export function bindMessageGate(servicer: object, prototype: object, key: string, method: HandlerDescriptor): void {
  // `UseInterceptors` refuses what has no `intercept`
  let kept = true;
  const gate = {
    get intercept(): Intercept | undefined {
      kept ||= anyApplicationHasGlobals() || isWatched(servicer, method.value);
      return kept ? interceptMessages : undefined;
    },
  };
  gates.add(gate);
  UseInterceptors(gate as NestInterceptor)(prototype, key, method);
  kept = false;
}

/** Whether anything but our own gate and filter, which every servicer has, is bound to a method or its class. */
function isWatched(servicer: object, method: object): boolean {
  const isOurs = (enhancer: unknown): boolean => enhancer === WitnessFilter || gates.has(enhancer as object);
  return !(ownEnhancers(servicer, method)?.every(isOurs) ?? false);
}

function interceptMessages(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
  const call = currentCall.getStore();
  return next.handle().pipe(concatMap((result: unknown) => messagesOf(result, call)));
}

/** A handler in the read/write style returns nothing: that is no message. */
function messagesOf(result: unknown, call: CurrentCall | undefined): Observable<unknown> {
  if (result === undefined) return EMPTY;
  return isAsyncIterable(result) && call !== undefined ? gated(result, call) : of(result);
}

function gated(messages: AsyncIterable<unknown>, call: CurrentCall): Observable<unknown> {
  return new Observable((subscriber) => {
    const iterator = messages[Symbol.asyncIterator]();
    const outlet = {
      send(message: unknown): boolean {
        subscriber.next(message);
        return !call.saturated;
      },
      drained: () => call.drained(),
    };
    let over = false;
    const stop = (): unknown => {
      if (over) return undefined;
      over = true;
      return iterator.return?.();
    };
    // an iterator of the user's may go on after its return(), and then nothing else would end the loop
    const source: AsyncIterator<unknown> = {
      next: () => (over ? Promise.resolve({ done: true, value: undefined }) : iterator.next()),
      return: async () => ({ done: true, value: await stop() }),
    };
    call.onStop(stop);
    const pumping = pump(source, outlet)
      .finally(() => (over = true))
      .then(
        () => subscriber.complete(),
        (error: unknown) => {
          if (subscriber.closed) call.logFailure(error);
          else subscriber.error(error);
        },
      );
    // whoever unsubscribes does not wait for the handler
    call.hold(pumping);
    return () => call.guard(stop);
  });
}
