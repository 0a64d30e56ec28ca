import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { EMPTY, Observable, concatMap, of } from 'rxjs';
import { currentCall, type CurrentCall } from '../call/current-call.js';
import { isAsyncIterable, pump, returnQuietly } from '../streams/pump.js';
import { countOwnEnhancers, hasInterceptors } from './nest-internals.js';
import { anyApplicationHasGlobals } from './pipeline-state.js';

/** Our own gate and our own filter are bound to every servicer. */
const OURS = 2;

type Intercept = NestInterceptor['intercept'];

/**
 * The innermost interceptor of a method with a response stream: it turns the handler's iterable into one item per message,
 * so that the user's interceptors and filters see each, and pulls the next one only when the call has room.
 *
 * An instance whose `intercept` is absent where nothing of the user's could care: Nest then leaves it out when it builds
 * the pipeline. Its absence is a latch that only ever turns to present, because Nest reads `intercept` again at each call
 * and a second application in the process may hold the same gate.
 */
export function createMessageGate(servicer: object, method: object): NestInterceptor {
  let kept = false;
  const gate = {
    get intercept(): Intercept | undefined {
      // UseInterceptors() itself looks while we are decorating
      if (!hasInterceptors(method)) return interceptMessages;
      kept ||= anyApplicationHasGlobals() || countOwnEnhancers(servicer, method) > OURS;
      return kept ? interceptMessages : undefined;
    },
  };
  return gate as NestInterceptor;
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
    call.onStop(() => iterator.return?.());
    let done = false;
    pump(iterator, outlet)
      .finally(() => (done = true))
      .then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
    return () => {
      if (!done) void currentCall.run(call, () => returnQuietly(iterator));
    };
  });
}
