import { Catch, Inject, Injectable, Optional, type ExceptionFilter, type Type } from '@nestjs/common';
import { PipelineState } from './pipeline-state.js';

/**
 * A filter that matches nothing: Nest asks `exception instanceof …` of the filters' types, and being asked is enough to
 * note the exception before Nest's base filter replaces it by an anonymous object. Every filter of the user's keeps its
 * precedence.
 *
 * Bound by class, so that Nest makes one per application; its type is made in the constructor for the same reason.
 */
@Injectable()
export class WitnessFilter implements ExceptionFilter {
  constructor(@Optional() @Inject(PipelineState) state?: PipelineState) {
    const matchesNothing = {
      [Symbol.hasInstance](error: unknown): boolean {
        state?.witness(error);
        return false;
      },
    };
    class Witness extends WitnessShape {}
    Catch(matchesNothing as unknown as Type)(Witness);
    return new Witness();
  }

  catch(): void {
    // matches nothing, so nothing comes here
  }
}

/** What Nest calls is an instance of this: the filter itself only makes it. */
class WitnessShape implements ExceptionFilter {
  catch(): void {
    // matches nothing, so nothing comes here
  }
}

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
