import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServicerContext } from './servicer-context.js';

/** How a call's responses flow, for whoever produces them. */
export interface ResponseFlow {
  /** Whether to wait for {@link drained} before the next response. */
  readonly saturated: boolean;
  /** Resolves when there is room again; rejects when the call ends first. */
  drained(): Promise<void>;
  /** Adds what stops the producer when the call ends early; called at once when it has ended. What it throws is logged. */
  onStop(stop: () => unknown): void;
  /** Runs what cleans up after the producer, inside the call. What it throws, now or later, is logged. */
  guard(work: () => unknown): void;
  /** Keeps the call's handler from counting as settled until this has. */
  hold(work: Promise<unknown>): void;
  /** Logs an error that nobody can be told of any more, unless it only repeats that the call has ended. */
  logFailure(error: unknown): void;
}

/** A call that is being served, as the code that runs inside it finds it. */
export interface CurrentCall extends ResponseFlow {
  readonly context: ServicerContext;
  /** The application that serves it: two in one process never mix. */
  readonly application: object;
  /** Until the pipeline's result is in hand; what is thrown in that time belongs to this call. */
  readonly raising: boolean;
  /** What was thrown while {@link raising}, before Nest's base filter replaced it. */
  thrown: { readonly error: unknown } | undefined;
  /** Whether an error says no more than that the call has ended: it is then neither mapped nor logged. */
  isEcho(error: unknown): boolean;
}

/**
 * The call that the running code works for. It is entered before the guards, and again around whatever HTTP/2 calls back:
 * each step of an iterator, signal listeners, callbacks, `return()` and unsubscription (T30).
 */
export const currentCall = new AsyncLocalStorage<CurrentCall | undefined>();
