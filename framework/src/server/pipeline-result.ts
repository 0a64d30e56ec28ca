import { takeWhile, type Observable, type Subscription } from 'rxjs';
import { isLoggedByNest, isNestsAnonymousError } from '../decorators/witness.filter.js';
import type { ServedCall } from './served-call.js';

/** An error that Nest's base filter replaced and logged; the original taken back. */
export class LoggedByNest {
  constructor(readonly error: unknown) {}
}

/**
 * Subscribes to what Nest's pipeline, or a handler, returned as an Observable.
 *
 * @param next takes each value; a promise it returns is waited for before the end
 * @returns resolves when the Observable and every such promise are done; rejects with what was thrown, and with the
 *   call's end when that comes first (the subscription is then over)
 */
export function observe(
  call: ServedCall,
  source: Observable<unknown>,
  next: (value: unknown) => Promise<void> | void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const pending: Promise<void>[] = [];
    let subscription: Subscription | undefined = undefined;
    let failed = false;
    const hasFailed = (): boolean => failed;
    const unsubscribe = (): void => call.guard(() => subscription?.unsubscribe());
    const fail = (error: unknown): void => {
      failed = true;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown, thrown on
      reject(error);
      unsubscribe();
    };
    call.onStop(() => fail(call.endedBy));
    if (hasFailed()) return;
    // stops a source, too, that emits while it is being subscribed
    subscription = source.pipe(takeWhile(() => !hasFailed())).subscribe({
      next(value) {
        try {
          const more = next(value);
          if (more !== undefined) pending.push(more);
          more?.catch(fail);
        } catch (error) {
          fail(error);
        }
      },
      error: (error: unknown) => fail(original(call, error)),
      complete: () => void Promise.all(pending).then(() => resolve(), fail),
    });
    call.raising = false;
    if (hasFailed()) unsubscribe();
  });
}

/**
 * What was thrown, where Nest's base filter put an anonymous object in its place.
 *
 * While the call is raising the exception was noted for the call itself; what comes later, from an Observable, is noted in
 * the synchronous stretch that calls us.
 */
function original(call: ServedCall, error: unknown): unknown {
  const late = call.host.takeWitnessed();
  const seen = call.raising ? call.thrown : late;
  call.thrown = undefined;
  if (isNestsAnonymousError(error) && seen !== undefined) return new LoggedByNest(seen.error);
  // without an exception noted, a filter of the user's took it and gave nothing back
  return isLoggedByNest(error) ? new LoggedByNest(error) : error;
}
