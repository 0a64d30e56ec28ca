import type * as grpc from '@grpc/grpc-js';
import type { Clock, StopTimer } from '../call/clock.js';
import type { CallSink, IncomingCall, MethodEntry } from '../call/incoming-call.js';
import { CallEndedError, type CallEndReason } from '../status/call-ended-error.js';
import type { Metadata } from '../status/metadata.js';
import { StatusCode } from '../status/status-code.js';
import { StatusError, type Status } from '../status/status-error.js';
import { afterAnswer } from './after-answer.js';
import { fitDetails } from './fit-details.js';
import type { RawHeaders, ReceivedCall } from './grpc-js-internals.js';
import { fromGrpcMetadata, fromRawHeaders, toGrpcMetadata } from './wire-metadata.js';

type RawCall = grpc.ServerInterceptingCallInterface;
type Listener = Parameters<RawCall['start']>[0];

/** The addresses and ports of a connection's two ends, where its kind has them. */
export type ConnectionEnds = ReturnType<RawCall['getConnectionInfo']>;

/** Responses sent and not yet on the connection: writes are acknowledged early within these bounds. */
const MAX_UNSENT_MESSAGES = 256;
const MAX_UNSENT_BYTES = 64 * 1024;

/** A client's cancel this many ms before the deadline counts as the deadline: its own timer started earlier than ours. */
const DEADLINE_SLACK_MS = 25;

/** What a call needs to know of where it came in. */
export interface Arrival {
  readonly clock: Clock;
  /** Bytes; -1 for no limit. */
  readonly maxSendMessageBytes: number;
  peerOf(connection: ConnectionEnds): string;
  isConnected(connection: ConnectionEnds): boolean;
}

/**
 * One call of grpc-js, driven at its call level: it is the listener of the intercepted call, and nothing of grpc-js' stream
 * classes is made. Reads one message at a time; tells a cancel from a half-close; ends once.
 */
export class GrpcJsCall implements IncomingCall, Listener {
  sink: CallSink | undefined = undefined;
  endedBy: CallEndReason | undefined = undefined;
  deadline = Infinity;
  bufferedBytes = 0;

  #grpcMetadata: grpc.Metadata | undefined = undefined;
  #metadata: Metadata | undefined = undefined;
  #message: Uint8Array | undefined = undefined;
  #halfClosed = false;
  #reading = false;
  #wanted = false;
  #unsentMessages = 0;
  #saturated = false;
  #headersSent = false;
  #over = false;
  #stopDeadline: StopTimer | undefined = undefined;

  constructor(
    readonly path: string,
    private readonly raw: RawCall,
    private readonly entry: MethodEntry,
    private readonly arrival: Arrival,
    private readonly received: ReceivedCall | undefined,
  ) {}

  metadata(): Metadata {
    this.#metadata ??=
      this.received === undefined ? fromGrpcMetadata(this.#grpcMetadata!) : fromRawHeaders(this.received.headers);
    return this.#metadata;
  }

  peer(): string {
    return this.arrival.peerOf(this.raw.getConnectionInfo());
  }

  // --- what grpc-js says

  onReceiveMetadata(metadata: grpc.Metadata): void {
    this.#grpcMetadata = metadata;
    this.#setDeadline();
    if (this.entry.requestStream) return this.entry.onOpen(this);
    this.entry.onArriving(this);
    if (!this.#over) this.raw.startRead();
  }

  onReceiveMessage(bytes: Uint8Array): void {
    if (this.entry.requestStream) {
      this.#reading = false;
      this.#message = bytes;
      this.#wake();
    } else if (this.#message === undefined) {
      this.#message = bytes;
      this.raw.startRead();
    } else {
      this.sendStatus({
        code: StatusCode.UNIMPLEMENTED,
        details: `${this.path} takes one request message and got more`,
      });
    }
  }

  /**
   * Held where it matters: on a cancel or a lost connection grpc-js reports a half-close first, and the cancel itself only
   * then (T11).
   */
  onReceiveHalfClose(): void {
    if (this.entry.requestStream) {
      const { headers = [], session } = this.received ?? {};
      if (session !== undefined && halfClosesToCancel(headers)) afterAnswer(session, () => this.#confirmHalfClose());
      else this.#confirmHalfClose();
    } else if (this.#message !== undefined) {
      if (!this.#over) this.entry.onRequest(this, this.#message);
    } else {
      setImmediate(() =>
        this.sendStatus({
          code: StatusCode.UNIMPLEMENTED,
          details: `${this.path} takes one request message and got none`,
        }),
      );
    }
  }

  /** What came with it is heard of within a turn of the loop. */
  #confirmHalfClose(): void {
    setImmediate(() => {
      if (this.endedBy !== undefined) return;
      this.#halfClosed = true;
      this.#wake();
    });
  }

  /** Comes at the end of every call, after our own status too (T10). */
  onCancel(): void {
    this.#stopDeadline?.();
    if (!this.#over) this.#endEarly(this.#reasonOfCancel());
    this.sink?.onClosed();
  }

  // --- reading

  read(): Uint8Array | null | undefined {
    const message = this.#takeMessage();
    if (message !== undefined) return message;
    if (this.#halfClosed) return null;
    if (!this.#reading && !this.#over) {
      this.#reading = true;
      this.raw.startRead();
      // grpc-js may have had it ready
      const ready = this.#takeMessage();
      if (ready !== undefined) return ready;
    }
    this.#wanted = true;
    return undefined;
  }

  #takeMessage(): Uint8Array | undefined {
    const message = this.#message;
    this.#message = undefined;
    return message;
  }

  #wake(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.sink?.onReadable();
  }

  // --- writing

  sendInitialMetadata(metadata: Metadata): void {
    if (this.#over || this.#headersSent) return;
    const headers = toGrpcMetadata(metadata);
    this.#headersSent = true;
    this.raw.sendMetadata(headers);
  }

  send(message: Buffer): boolean {
    const { maxSendMessageBytes } = this.arrival;
    if (maxSendMessageBytes >= 0 && message.byteLength > maxSendMessageBytes) {
      throw new StatusError(
        StatusCode.RESOURCE_EXHAUSTED,
        `Sent message larger than max (${message.byteLength} vs. ${maxSendMessageBytes})`,
      );
    }
    if (this.#over) return true;
    const { byteLength } = message;
    this.#headersSent = true;
    this.#unsentMessages += 1;
    this.bufferedBytes += byteLength;
    // not called after a cancel (T16): whoever waits for the drain is told by onEndedEarly
    this.raw.sendMessage(message, () => this.#sent(byteLength));
    this.#saturated = this.#unsentMessages >= MAX_UNSENT_MESSAGES || this.bufferedBytes >= MAX_UNSENT_BYTES;
    return !this.#saturated;
  }

  #sent(byteLength: number): void {
    this.#unsentMessages -= 1;
    this.bufferedBytes -= byteLength;
    if (!this.#saturated || this.#over) return;
    if (this.#unsentMessages > MAX_UNSENT_MESSAGES / 2 || this.bufferedBytes > MAX_UNSENT_BYTES / 2) return;
    this.#saturated = false;
    this.sink?.onDrain();
  }

  // --- ending

  sendStatus({ code, details, trailingMetadata }: Status): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopDeadline?.();
    const metadata = trailingMetadata === undefined ? null : sendable(trailingMetadata);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the same numbers by another name
    this.raw.sendStatus({ code, details: fitDetails(details), metadata });
  }

  #setDeadline(): void {
    const { clock } = this.arrival;
    this.deadline = Number(this.raw.getDeadline());
    // a deadline too far for grpc-js was kept from it (T14)
    if (this.deadline === Infinity) this.deadline = clock.now() + (this.received?.timeoutMs ?? Infinity);
    if (this.deadline === Infinity) return;
    // our own, beside grpc-js': behind a closed window its status reaches nobody, and we would not hear of it
    this.#stopDeadline = clock.setTimeout(() => this.#onDeadline(), this.deadline - clock.now());
  }

  #onDeadline(): void {
    if (this.#over) return;
    const { code, details } = new CallEndedError('deadline');
    this.sendStatus({ code, details });
    this.#endEarly('deadline');
  }

  #endEarly(reason: CallEndReason): void {
    this.#over = true;
    this.endedBy = reason;
    this.sink?.onEndedEarly(reason);
  }

  #reasonOfCancel(): CallEndReason {
    if (this.arrival.clock.now() >= this.deadline - DEADLINE_SLACK_MS) return 'deadline';
    // the session goes before its socket
    const lost = this.received?.session?.destroyed === true || !this.arrival.isConnected(this.raw.getConnectionInfo());
    return lost ? 'connection' : 'client';
  }
}

/**
 * Clients on Node's HTTP/2, which half-closes a stream that it resets, and sends the reset in a later packet: from another
 * process half of all cancels came with a turn of the loop or more in between.
 */
const NODE_CLIENT = /grpc-node|connect-es/;

function halfClosesToCancel(headers: RawHeaders): boolean {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name === 'user-agent');
  return at >= 0 && NODE_CLIENT.test(headers[at + 1] ?? '');
}

/** Trailers that cannot travel are left out: the status they come with must reach its client. */
function sendable(trailers: Metadata): grpc.Metadata | null {
  try {
    return toGrpcMetadata(trailers);
  } catch {
    return null;
  }
}
