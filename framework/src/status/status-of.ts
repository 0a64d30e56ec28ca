import { RpcException } from '@nestjs/microservices/exceptions/rpc-exception.js';
import { Metadata, type MetadataValue } from './metadata.js';
import { isStatusCode, StatusCode } from './status-code.js';
import { StatusError, type Status } from './status-error.js';
import { textOf } from './text-of.js';

/** A status, and whether the error behind it is one that nobody meant to send. */
export interface MappedStatus extends Status {
  /** True for an error without a status of its own: its message is hidden from the peer and it belongs in the log. */
  readonly unexpected: boolean;
}

/** What {@link statusOf} may be told. */
export interface StatusOfOptions {
  /** Send the message of unexpected errors to the peer; for development only. Default false. */
  readonly exposeErrors?: boolean;
}

/** The details of an error whose message is not shown to the peer. */
export const HIDDEN_DETAILS = 'Exception calling application';

const HTTP_STATUS: Readonly<Record<number, StatusCode>> = {
  400: StatusCode.INVALID_ARGUMENT,
  401: StatusCode.UNAUTHENTICATED,
  403: StatusCode.PERMISSION_DENIED,
  404: StatusCode.NOT_FOUND,
  408: StatusCode.DEADLINE_EXCEEDED,
  409: StatusCode.ALREADY_EXISTS,
  410: StatusCode.NOT_FOUND,
  412: StatusCode.FAILED_PRECONDITION,
  413: StatusCode.RESOURCE_EXHAUSTED,
  416: StatusCode.OUT_OF_RANGE,
  422: StatusCode.INVALID_ARGUMENT,
  429: StatusCode.RESOURCE_EXHAUSTED,
  499: StatusCode.CANCELLED,
  501: StatusCode.UNIMPLEMENTED,
  502: StatusCode.UNAVAILABLE,
  503: StatusCode.UNAVAILABLE,
  504: StatusCode.DEADLINE_EXCEEDED,
};

/** Nest's word for a guard that said no; it comes as a plain string. */
const FORBIDDEN_RESOURCE = 'Forbidden resource';

/**
 * The status that anything thrown ends its call with: a total function, asked once per call.
 *
 * | thrown | status |
 * |---|---|
 * | `StatusError` | its own; OK is UNKNOWN with no details |
 * | Nest's `HttpException` | by its HTTP status; 400 is INVALID_ARGUMENT, 404 NOT_FOUND, 5xx INTERNAL … |
 * | a refused guard | PERMISSION_DENIED |
 * | `RpcException`, Nest's `GrpcException` and plain objects with a numeric `code` | that code |
 * | `TimeoutError` (rxjs, `AbortSignal.timeout`) | DEADLINE_EXCEEDED |
 * | a failed call to another server | INTERNAL |
 * | anything else | UNKNOWN, message hidden unless `exposeErrors` |
 */
export function statusOf(thrown: unknown, options: StatusOfOptions = {}): MappedStatus {
  if (thrown instanceof StatusError) return ownStatus(thrown);
  if (isHttpException(thrown)) return httpStatus(thrown);
  if (thrown instanceof RpcException) return rpcExceptionStatus(thrown, options);
  if (isGrpcException(thrown)) return expected(thrown.code, thrown.message);
  if (isServiceError(thrown)) return unexpected(StatusCode.INTERNAL, thrown, options);
  if (isTimeout(thrown)) return expected(StatusCode.DEADLINE_EXCEEDED, thrown.message);
  if (isStatusObject(thrown)) return statusObject(thrown);
  return unexpected(StatusCode.UNKNOWN, thrown, options);
}

/** Text as it can travel: well-formed, because a lone surrogate cannot be percent-encoded (T25). */
export function wellFormed(details: unknown): string {
  return typeof details === 'string' ? details.toWellFormed() : '';
}

/** The code and details that may go out: an error never says OK (T19, W7), and what is not a code is UNKNOWN. */
export function errorStatus(code: unknown, details: unknown): { code: StatusCode; details: string } {
  if (code === StatusCode.OK) return { code: StatusCode.UNKNOWN, details: '' };
  return { code: isStatusCode(code) ? code : StatusCode.UNKNOWN, details: wellFormed(details) };
}

function expected(code: unknown, details: unknown, trailingMetadata?: Metadata): MappedStatus {
  return { ...errorStatus(code, details), ...(trailingMetadata && { trailingMetadata }), unexpected: false };
}

function unexpected(code: StatusCode, thrown: unknown, options: StatusOfOptions): MappedStatus {
  const details = options.exposeErrors ? `${HIDDEN_DETAILS}: ${textOf(thrown)}` : HIDDEN_DETAILS;
  return { code, details: wellFormed(details), unexpected: true };
}

function ownStatus(error: StatusError): MappedStatus {
  return expected(error.code, error.details, error.trailingMetadata);
}

function httpStatus(error: HttpExceptionLike): MappedStatus {
  const http = error.getStatus();
  const response = error.getResponse();
  const message =
    typeof response === 'object' && response !== null && 'message' in response ? response.message : error.message;
  return expected(HTTP_STATUS[http] ?? StatusCode.INTERNAL, Array.isArray(message) ? message.join('; ') : message);
}

function rpcExceptionStatus(error: RpcException, options: StatusOfOptions): MappedStatus {
  const inner = error.getError();
  if (inner === FORBIDDEN_RESOURCE) return expected(StatusCode.PERMISSION_DENIED, FORBIDDEN_RESOURCE);
  if (typeof inner === 'string') return expected(StatusCode.UNKNOWN, inner);
  return isStatusObject(inner) ? statusObject(inner) : unexpected(StatusCode.UNKNOWN, error, options);
}

interface StatusObject {
  readonly code: number;
  readonly details?: unknown;
  readonly message?: unknown;
  /** grpc-js' own, as handlers for Nest's gRPC transport throw it. */
  readonly metadata?: unknown;
  readonly trailingMetadata?: unknown;
}

function isStatusObject(thrown: unknown): thrown is StatusObject {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    !(thrown instanceof Error) &&
    'code' in thrown &&
    typeof thrown.code === 'number'
  );
}

function statusObject(status: StatusObject): MappedStatus {
  return expected(
    status.code,
    status.details ?? status.message,
    trailersOf(status.trailingMetadata ?? status.metadata),
  );
}

function trailersOf(metadata: unknown): Metadata | undefined {
  if (metadata instanceof Metadata) return metadata;
  if (!isGrpcJsMetadata(metadata)) return undefined;
  try {
    return new Metadata(metadata.toJSON());
  } catch {
    // what cannot travel must not take the place of the status
    return undefined;
  }
}

/** By its shape: this layer does not import grpc-js. */
function isGrpcJsMetadata(value: unknown): value is { toJSON(): Record<string, MetadataValue[]> } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'getMap' in value &&
    'toJSON' in value &&
    typeof value.toJSON === 'function'
  );
}

interface HttpExceptionLike {
  readonly message: string;
  getStatus(): number;
  getResponse(): unknown;
}

/** Nest's `HttpException` by its shape: this layer does not import Nest's HTTP side. */
function isHttpException(thrown: unknown): thrown is HttpExceptionLike {
  return (
    thrown instanceof Error &&
    'getStatus' in thrown &&
    typeof thrown.getStatus === 'function' &&
    'getResponse' in thrown &&
    typeof thrown.getResponse === 'function'
  );
}

/** What Nest 12 offers handlers of its own gRPC transport, by its shape: Nest 11 has no such class. */
function isGrpcException(thrown: unknown): thrown is Error & { readonly code: StatusCode } {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    isStatusCode(thrown.code) &&
    'getCode' in thrown &&
    'getError' in thrown
  );
}

/** What a failed call through grpc-js rejects with: the peer's status is its own affair, not ours to pass on. */
function isServiceError(thrown: unknown): thrown is Error {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    isStatusCode(thrown.code) &&
    'details' in thrown &&
    'metadata' in thrown
  );
}

function isTimeout(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.name === 'TimeoutError';
}
