import { currentCall } from '../call/current-call.js';

/**
 * Has a call count as being handled until the promise of its handler has settled, whoever still waits for it.
 *
 * @param result what the handler returned
 */
export function holdCall(result: unknown): void {
  if (result instanceof Promise) currentCall.getStore()?.hold(result);
}
