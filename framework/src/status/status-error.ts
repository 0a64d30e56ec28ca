import { RpcException } from '@nestjs/microservices/exceptions/rpc-exception.js';
import { Metadata, type MetadataInit } from './metadata.js';
import { StatusCode } from './status-code.js';

/** How a call ends. */
export interface Status {
  readonly code: StatusCode;
  /** Text for the developer at the other end; `''` when there is nothing to say. */
  readonly details: string;
  readonly trailingMetadata?: Metadata;
}

/** What {@link StatusError} takes beside its code and details. */
export interface StatusErrorOptions {
  /** Travels with the status. */
  readonly trailingMetadata?: MetadataInit;
  /** Stays on this side of the wire. */
  readonly cause?: unknown;
}

/**
 * Thrown by a servicer (or a guard, pipe or interceptor in front of it) to end its call with a status.
 *
 * It is an `RpcException` whose error is itself, so Nest's base filter passes it on whole.
 */
export class StatusError extends RpcException implements Status {
  override readonly name: string = 'StatusError';
  /** Never OK: an error that says OK ends its call as UNKNOWN. */
  readonly code: StatusCode;
  readonly details: string;
  readonly trailingMetadata?: Metadata;

  constructor(code: StatusCode, details = '', options: StatusErrorOptions = {}) {
    super(details === '' ? StatusCode.name(code) : `${StatusCode.name(code)}: ${details}`);
    this.code = code;
    this.details = details;
    if (options.trailingMetadata !== undefined) this.trailingMetadata = Metadata.from(options.trailingMetadata);
    if ('cause' in options) this.cause = options.cause;
  }

  /** Nest asks an `RpcException` for the error to send: this one. */
  override getError(): this {
    return this;
  }
}
