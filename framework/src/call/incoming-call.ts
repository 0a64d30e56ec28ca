import type { CallEndReason } from '../status/call-ended-error.js';
import type { Metadata } from '../status/metadata.js';
import type { Status } from '../status/status-error.js';

/**
 * One call as a server engine hands it over: bytes in, bytes out, nothing of the engine's library in sight, so that
 * another engine can serve the same handlers.
 *
 * What costs something is behind a method and made when first asked for.
 */
export interface IncomingCall {
  readonly path: string;
  /** Ms since the epoch; `Infinity` when the client set none. The engine itself ends the call when it passes. */
  readonly deadline: number;
  /** Whether the call ended before its own status was sent, and why. */
  readonly endedBy: CallEndReason | undefined;
  /** Who hears what happens to the call; set once, in the method entry. */
  sink: CallSink | undefined;

  /** What the client sent before its first message; read-only. */
  metadata(): Metadata;
  /** In grpcio's form: `ipv4:10.0.0.1:5000`. */
  peer(): string;

  /** The next request: its bytes, `null` at the end of the requests, `undefined` for later (then `onReadable`). */
  read(): Uint8Array | null | undefined;

  /** Sends initial metadata; must come before the first message. */
  sendInitialMetadata(metadata: Metadata): void;
  /** Sends or queues a message; `false` means: stop until `onDrain`. @throws {StatusError} when it is over the limit */
  send(message: Buffer): boolean;
  /** Bytes sent and not yet handed to the connection. */
  readonly bufferedBytes: number;
  /** Sends the status; the first one stands. */
  sendStatus(status: Status): void;
}

/** Hears what happens to one call. Everything is called synchronously and outside the call's async context. */
export interface CallSink {
  /** After `read()` said later: a message or the end is there. */
  onReadable(): void;
  /** After `send()` said stop: there is room again. */
  onDrain(): void;
  /** The call ended before its own status was sent; at most once, and never after `sendStatus`. */
  onEndedEarly(reason: CallEndReason): void;
  /** Nothing of the call is left on the wire; exactly once, last. */
  onClosed(): void;
}

/** What an engine does with a call of one method. */
export interface MethodEntry {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** A streamed request: the entry sets the sink and reads. */
  onOpen(call: IncomingCall): void;
  /** A call whose single request is on its way: `onRequest` follows, or the call's end. The entry sets the sink. */
  onArriving(call: IncomingCall): void;
  /** A single request, come whole: the engine has counted to one and seen the end. The entry sets the sink. */
  onRequest(call: IncomingCall, message: Uint8Array): void;
}
