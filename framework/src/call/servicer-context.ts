import type { Metadata, MetadataInit } from '../status/metadata.js';
import type { StatusCode } from '../status/status-code.js';
import type { Status } from '../status/status-error.js';
import { currentCall } from './current-call.js';
import type { RpcContext } from './rpc-context.js';

/**
 * What a servicer may know and do about the one call it is serving.
 *
 * It is the second argument of every handler. A provider below the handler gets the same by
 * {@link ServicerContext.current}, or by injecting `ServicerContext` in its constructor: the injected object stands for
 * the context of whatever call the provider is working for, and throws outside a call.
 */
export abstract class ServicerContext implements RpcContext {
  /** The context of the call that the running code works for; `undefined` outside a call. */
  static current(): ServicerContext | undefined {
    return currentCall.getStore()?.context;
  }

  /**
   * Aborts when the call ends before its own status was sent: the client cancelled, the deadline passed, the servicer
   * called {@link cancel}, the server's grace period ran out, the connection was lost. Its `reason` is a `CallEndedError`
   * that says which (a client's cancel within 25 ms of the deadline counts as the deadline: the two race). It never aborts
   * after the servicer's own status, and a server that starts to drain aborts nothing.
   *
   * Made when first read: a call that never looks at it does not pay for it.
   */
  abstract readonly signal: AbortSignal;

  abstract isActive(): boolean;

  abstract timeRemainingMs(): number | null;

  /**
   * Ends the call as CANCELLED from this side; messages already written still arrive, and what the handler returns is
   * dropped. A second cancel does nothing.
   *
   * @param details text for the client. Default `'CANCELLED'`
   */
  abstract cancel(details?: string): void;

  abstract addCallback(callback: () => void): boolean;

  /** What the client sent before its first message; read-only. */
  abstract invocationMetadata(): Metadata;

  /** Who called: `ipv4:10.0.0.1:5000`, `ipv6:[::1]:5000`, `unix:/run/app.sock`. */
  abstract peer(): string;

  /**
   * Sends initial metadata now instead of with the first message.
   *
   * @throws {UsageError} when it was sent already, by this method or with a message
   * @throws {CallEndedError} when the call has ended
   */
  abstract sendInitialMetadata(metadata: MetadataInit): void;

  /** Sets what travels with the status; the last one set wins. @throws {InvalidMetadataError} */
  abstract setTrailingMetadata(metadata: MetadataInit): void;

  abstract trailingMetadata(): Metadata | undefined;

  /** The code to end with when the handler returns. Other than OK, what it returns is dropped. */
  abstract setCode(code: StatusCode): void;

  /** The details to end with. */
  abstract setDetails(details: string): void;

  /** The code set so far. */
  abstract code(): StatusCode | undefined;

  /** The details set so far. */
  abstract details(): string | undefined;

  /**
   * Ends the call with this status at once and throws, so that the handler goes no further. It stands even if the handler
   * catches what is thrown, and replaces what `setCode` and `setDetails` said. OK is sent as UNKNOWN without details.
   *
   * @throws {CallAbortedError} always; it is not logged
   * @throws {UsageError} when the call was aborted before
   */
  abstract abort(code: StatusCode, details?: string, trailingMetadata?: MetadataInit): never;

  /** {@link abort} with a status in one piece. */
  abstract abortWithStatus(status: Status): never;

  /** @throws {CallEndedError} when the call has ended before its own status was sent */
  abstract throwIfCancelled(): void;

  /**
   * Lets the event loop turn when `everyMs` have passed since it last did so here, then throws like
   * {@link throwIfCancelled}. A loop that computes without waiting for anything sees neither a cancel nor a deadline
   * unless it calls this.
   *
   * @param everyMs ms between turns. Default 5
   */
  abstract checkpoint(everyMs?: number): Promise<void>;

  /**
   * Runs a function that does not belong to this call: in it {@link ServicerContext.current} is `undefined`, so what it
   * starts inherits neither deadline nor cancellation.
   */
  abstract detach<T>(work: () => T): T;
}
