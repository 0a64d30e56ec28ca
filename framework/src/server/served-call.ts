import type { CallSink, IncomingCall } from '../call/incoming-call.js';
import { currentCall, type CurrentCall } from '../call/current-call.js';
import { CallEndedError, type CallEndReason } from '../status/call-ended-error.js';
import type { Metadata } from '../status/metadata.js';
import { StatusCode } from '../status/status-code.js';
import { StatusError, type Status } from '../status/status-error.js';
import { statusOf } from '../status/status-of.js';
import { UsageError } from '../status/usage-error.js';
import type { BoundMethod } from './bound-method.js';
import { fault, guardLog, isEcho, logClientFault, logFailure } from './call-log.js';
import { LiveContext } from './live-context.js';
import { RequestReader } from './request-reader.js';
import type { CallHost } from './call-host.js';

/**
 * Bytes of responses that may wait for a slow client. Only who does not wait for room comes near it: an Observable, which
 * cannot be asked to, or a `write()` that nobody awaits.
 */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

interface DrainWaiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * One call while it is being served: what it has sent, how it ends, and who hears of it.
 *
 * It ends once: by a status of its own ({@link finish}), or early. Its handler may settle before or after that; it leaves
 * the server's registry when both are over.
 */
export class ServedCall implements CallSink, CurrentCall {
  readonly context: LiveContext;
  raising = true;
  thrown: { readonly error: unknown } | undefined = undefined;
  /** What the servicer set to end with. */
  code: StatusCode | undefined = undefined;
  details: string | undefined = undefined;
  trailingMetadata: Metadata | undefined = undefined;

  #statusSent = false;
  #ended: CallEndedError | undefined = undefined;
  #closed = false;
  #returned = false;
  #settled = false;
  #holds = 0;
  #lateError: { readonly error: unknown } | undefined = undefined;
  #saturated = false;
  #messageSent = false;
  #metadataSent = false;
  #controller: AbortController | undefined = undefined;
  #reader: RequestReader | undefined = undefined;
  #drainWaiters: DrainWaiter[] = [];
  #stops: (() => unknown)[] = [];
  #callbacks: (() => void)[] = [];

  constructor(
    readonly incoming: IncomingCall,
    readonly method: BoundMethod,
    readonly host: CallHost,
  ) {
    this.context = new LiveContext(this);
    incoming.sink = this;
  }

  get application(): object {
    return this.host.application;
  }

  get path(): string {
    return this.method.schema.path;
  }

  /** No status sent, and not ended early. */
  get active(): boolean {
    return !this.#statusSent && this.#ended === undefined;
  }

  /** Why the call ended before its own status was sent. */
  get endedBy(): CallEndedError | undefined {
    return this.#ended;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#controller.abort(this.#ended);
    }
    return this.#controller.signal;
  }

  get reader(): RequestReader {
    if (this.#reader === undefined) {
      this.#reader = new RequestReader(this.incoming, this.method.schema.request, (cause) => this.undecodable(cause));
      if (this.#ended !== undefined) this.#reader.fail(this.#ended);
      else if (this.#statusSent) this.#reader.finish(statusWasSent());
    }
    return this.#reader;
  }

  // --- what the handler sends

  get saturated(): boolean {
    return this.#saturated;
  }

  sendInitialMetadata(metadata: Metadata): void {
    if (!this.active) throw this.#endedError();
    if (this.#metadataSent || this.#messageSent) {
      throw new UsageError('Initial metadata was sent already: it goes out once, before or with the first message');
    }
    this.incoming.sendInitialMetadata(metadata);
    this.#metadataSent = true;
  }

  /** @returns false: wait for {@link drained} before the next. @throws {StatusError} for what is no response */
  send(message: unknown): boolean {
    if (!this.active) throw this.#endedError();
    const bytes = this.#encode(message);
    this.#messageSent = true;
    this.#saturated = !this.incoming.send(bytes);
    if (this.incoming.bufferedBytes > MAX_UNREAD_BYTES) throw tooSlow();
    return !this.#saturated;
  }

  drained(): Promise<void> {
    if (!this.active) return Promise.reject(this.#endedError());
    if (!this.#saturated) return Promise.resolve();
    return new Promise((resolve, reject) => this.#drainWaiters.push({ resolve, reject }));
  }

  onStop(stop: () => unknown): void {
    if (this.#ended === undefined) this.#stops.push(stop);
    else this.#guarded(stop);
  }

  #encode(message: unknown): Buffer {
    if (message === undefined) throw noResponse(this);
    try {
      return this.method.schema.response.encode(message);
    } catch (cause) {
      throw fault(this, 'Error serializing response', cause);
    }
  }

  /** What a request ends its call with when it is not a message of its type. */
  undecodable(cause: unknown): StatusError {
    const details = 'Error deserializing request';
    logClientFault(this, details, cause);
    return new StatusError(StatusCode.INTERNAL, details, { cause });
  }

  // --- how it ends

  /** Ends the call with a status of its own; the first end stands. */
  finish(status: Status): void {
    if (!this.active) return;
    this.#statusSent = true;
    this.incoming.sendStatus(status);
    if (this.#reader === undefined && this.#drainWaiters.length === 0) return;
    const mistake = statusWasSent();
    this.#reader?.finish(mistake);
    this.#rejectDrained(mistake);
  }

  /** Ends the call as CANCELLED from this side. */
  cancel(details?: string): void {
    this.#endHere(new CallEndedError('servicer', details));
  }

  /** Ends the call because the server's grace period ran out. */
  endForShutdown(): void {
    this.#endHere(new CallEndedError('shutdown'));
  }

  addCallback(callback: () => void): boolean {
    if (this.#closed || this.#ended !== undefined) return false;
    this.#callbacks.push(callback);
    return true;
  }

  hold(work: Promise<unknown>): void {
    this.#holds += 1;
    const release = (): void => {
      this.#holds -= 1;
      this.#settleOnceFree();
    };
    work.then(release, (error: unknown) => {
      // whether anybody hears of it is known once the pipeline is done
      if (this.#ended !== undefined) this.#lateError = { error };
      release();
    });
  }

  /** The handler has returned, whatever became of the call. */
  settle(): void {
    this.#returned = true;
    this.#settleOnceFree();
  }

  #settleOnceFree(): void {
    if (!this.#returned || this.#holds > 0 || this.#settled) return;
    this.#settled = true;
    this.host.settled(this);
    if (this.#closed) this.host.left(this);
    if (this.#lateError !== undefined && this.#lateError.error !== this.thrown?.error)
      this.#logLate(this.#lateError.error);
  }

  // --- what the engine says

  onReadable(): void {
    this.#reader?.onReadable();
  }

  onDrain(): void {
    this.#saturated = false;
    for (const { resolve } of this.#drainWaiters.splice(0)) resolve();
  }

  onEndedEarly(reason: CallEndReason): void {
    this.#endEarly(new CallEndedError(reason));
  }

  onClosed(): void {
    this.#closed = true;
    this.#runCallbacks();
    if (this.#settled) this.host.left(this);
  }

  #endHere(error: CallEndedError): void {
    if (!this.active) return;
    const { code, details } = error;
    this.incoming.sendStatus({
      code,
      details,
      ...(this.trailingMetadata && { trailingMetadata: this.trailingMetadata }),
    });
    this.#endEarly(error);
  }

  /** Everything that hears of an early end hears of it inside the call: HTTP/2 calls back outside of it. */
  #endEarly(error: CallEndedError): void {
    if (!this.active) return;
    this.#ended = error;
    this.host.withdrawn(this);
    currentCall.run(this, () => {
      this.#controller?.abort(error);
      this.#reader?.fail(error);
      this.#rejectDrained(error);
      for (const stop of this.#stops.splice(0)) this.#guarded(stop);
      this.#runCallbacks();
      for (const hook of this.method.cancelHooks) this.#guarded(() => hook(this.context));
    });
  }

  #rejectDrained(error: Error): void {
    for (const { reject } of this.#drainWaiters.splice(0)) reject(error);
  }

  #runCallbacks(): void {
    if (this.#callbacks.length === 0) return;
    const callbacks = this.#callbacks.splice(0);
    currentCall.run(this, () => {
      for (const callback of callbacks) this.#guarded(callback);
    });
  }

  guard(work: () => unknown): void {
    currentCall.run(this, () => this.#guarded(work));
  }

  isEcho(error: unknown): boolean {
    return isEcho(this, error);
  }

  logFailure(error: unknown): void {
    logFailure(this, error);
  }

  #logLate(error: unknown): void {
    guardLog(() => {
      if (statusOf(error).unexpected) this.logFailure(error);
    });
  }

  /** Runs code of the user's that hears of the end: what it throws, now or later, is logged and stops nothing. */
  #guarded(heard: () => unknown): void {
    try {
      const result = heard();
      if (result instanceof Promise) result.catch((error: unknown) => this.logFailure(error));
    } catch (error) {
      this.logFailure(error);
    }
  }

  #endedError(): Error {
    return this.#ended ?? statusWasSent();
  }
}

function tooSlow(): StatusError {
  return new StatusError(
    StatusCode.RESOURCE_EXHAUSTED,
    `The client reads too slowly: over ${MAX_UNREAD_BYTES} bytes of responses are waiting`,
  );
}

/** What doing more with a call meets that the servicer has ended itself. */
function statusWasSent(): UsageError {
  return new UsageError('The call has ended: its status was sent');
}

/** What a handler without a response ends its call with. */
export function noResponse(call: ServedCall): StatusError {
  return fault(call, 'The handler produced no response');
}
