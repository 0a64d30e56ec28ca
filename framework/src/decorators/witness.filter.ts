import { Catch, Inject, Injectable, Optional, type ExceptionFilter, type Type } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import { PipelineState } from './pipeline-state.js';

/**
 * A filter that matches next to nothing: Nest asks `exception instanceof …` of the filters' types, and being asked is enough to
 * note the exception before Nest's base filter replaces it by an anonymous object. Every filter of the user's keeps its
 * precedence. What it does match is the `AbortError` and the like of a call that has ended already: no status goes out for
 * it, and Nest's base filter would log it.
 *
 * Bound by class, so that Nest makes one per application; its type is made in the constructor for the same reason.
 */
@Injectable()
export class WitnessFilter implements ExceptionFilter {
  constructor(@Optional() @Inject(PipelineState) state?: PipelineState) {
    const matchesEchoes = {
      [Symbol.hasInstance]: (error: unknown): boolean => state?.witness(error) ?? false,
    };
    class Witness extends WitnessShape {}
    Catch(matchesEchoes as unknown as Type)(Witness);
    return new Witness();
  }

  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** What Nest calls is an instance of this: the filter itself only makes it. */
class WitnessShape implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** Nest's text for what it does not know, and has logged. */
const UNKNOWN_TO_NEST = 'Internal server error';

/** Whether an error is what Nest's base filter makes of an exception that it does not know: its class is lost. */
export function isNestsAnonymousError(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    !(error instanceof Error) &&
    'status' in error &&
    error.status === 'error' &&
    'message' in error &&
    !('code' in error)
  );
}

/** Whether Nest's base filter made it, and has logged what it stands for. */
export function isLoggedByNest(error: unknown): boolean {
  return isNestsAnonymousError(error) && (error as { readonly message: unknown }).message === UNKNOWN_TO_NEST;
}
