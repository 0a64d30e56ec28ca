import { inspect } from 'node:util';
import { StreamContext } from '../call/stream-context.js';
import { currentCall } from '../call/current-call.js';
import { CallAbortedError } from '../status/call-aborted-error.js';
import { Metadata, type MetadataInit } from '../status/metadata.js';
import { isStatusCode, type StatusCode } from '../status/status-code.js';
import type { Status } from '../status/status-error.js';
import { errorStatus, wellFormed } from '../status/status-of.js';
import { UsageError } from '../status/usage-error.js';
import { EOF, EofError } from '../streams/eof.js';
import type { ServedCall } from './served-call.js';

const DEFAULT_CHECKPOINT_MS = 5;
const ignore = (): void => undefined;

/** The context of one call; see `ServicerContext` and `StreamContext` for what its members mean. */
export class LiveContext extends StreamContext {
  readonly #call: ServedCall;
  #aborted = false;
  #turnedAt: number | undefined;

  constructor(call: ServedCall) {
    super();
    this.#call = call;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  isActive(): boolean {
    return this.#call.active;
  }

  timeRemainingMs(): number | null {
    const { deadline } = this.#call.incoming;
    return deadline === Infinity ? null : Math.max(0, deadline - this.#call.host.clock.now());
  }

  cancel(details?: string): void {
    this.#call.cancel(details === undefined ? undefined : wellFormed(details));
  }

  addCallback(callback: () => void): boolean {
    return this.#call.addCallback(callback);
  }

  invocationMetadata(): Metadata {
    return this.#call.incoming.metadata();
  }

  peer(): string {
    return this.#call.incoming.peer();
  }

  sendInitialMetadata(metadata: MetadataInit): void {
    this.#call.sendInitialMetadata(new Metadata(Metadata.from(metadata)));
  }

  setTrailingMetadata(metadata: MetadataInit): void {
    this.#call.trailingMetadata = new Metadata(Metadata.from(metadata));
  }

  trailingMetadata(): Metadata | undefined {
    return this.#call.trailingMetadata;
  }

  setCode(code: StatusCode): void {
    if (!isStatusCode(code)) throw new UsageError(`${String(code)} is not a status code; take one of StatusCode`);
    this.#call.code = code;
  }

  setDetails(details: string): void {
    this.#call.details = wellFormed(details);
  }

  code(): StatusCode | undefined {
    return this.#call.code;
  }

  details(): string | undefined {
    return this.#call.details;
  }

  abort(code: StatusCode, details = '', trailingMetadata?: MetadataInit): never {
    if (this.#aborted) throw new UsageError('Abort already called!');
    this.#aborted = true;
    const status = errorStatus(code, details);
    if (trailingMetadata !== undefined) this.setTrailingMetadata(trailingMetadata);
    const trailing = this.#call.trailingMetadata;
    this.#call.finish({ ...status, ...(trailing && { trailingMetadata: trailing }) });
    throw new CallAbortedError(status.code, status.details);
  }

  abortWithStatus({ code, details, trailingMetadata }: Status): never {
    this.abort(code, details, trailingMetadata);
  }

  throwIfCancelled(): void {
    if (this.#call.endedBy !== undefined) throw this.#call.endedBy;
  }

  async checkpoint(everyMs = DEFAULT_CHECKPOINT_MS): Promise<void> {
    const { clock } = this.#call.host;
    this.#turnedAt ??= clock.now();
    if (clock.now() - this.#turnedAt >= everyMs) {
      // a whole turn of the loop: the poll phase, where a cancel comes in, lies between two immediates
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      this.#turnedAt = clock.now();
    }
    this.throwIfCancelled();
  }

  detach<T>(work: () => T): T {
    return currentCall.run(undefined, work);
  }

  read(): Promise<typeof EOF> {
    if (!this.#call.method.schema.requestStream)
      return rejected(
        new UsageError(
          'This call has one request, which is an argument of its handler; read() is for streams of requests',
        ),
      );
    return this.#call.reader.read() as Promise<typeof EOF>;
  }

  receive(): Promise<unknown> {
    return quiet(this.#receive());
  }

  write(response: unknown): Promise<void> {
    return quiet(this.#write(response));
  }

  send(response: unknown): Promise<void> {
    return this.write(response);
  }

  [inspect.custom](): string {
    return `ServicerContext (${this.#call.path}, from ${this.peer()}${this.isActive() ? '' : ', ended'})`;
  }

  async #receive(): Promise<unknown> {
    const request: unknown = await this.read();
    if (request === EOF) throw new EofError();
    return request;
  }

  async #write(response: unknown): Promise<void> {
    if (!this.#call.method.schema.responseStream)
      throw new UsageError(
        'This call has one response, which its handler returns; write() is for streams of responses',
      );
    if (!this.#call.send(response)) await this.#call.drained();
  }
}

/** A promise that may be left alone: awaiting it still throws. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

function rejected(error: Error): Promise<never> {
  return quiet(Promise.reject(error));
}
