import type { Duplex } from 'node:stream';
import * as grpc from '@grpc/grpc-js';
import type { Clock } from '../call/clock.js';
import type { MethodEntry } from '../call/incoming-call.js';
import { GrpcJsCall, type Arrival } from './grpc-js-call.js';
import { receivedCalls, type ReceivedCall } from './grpc-js-internals.js';

/** Bounds and timers of the transport. Times in ms, sizes in bytes; -1 is no limit, `undefined` grpc-js' own default. */
export interface TransportOptions {
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly maxConcurrentStreams: number | undefined;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly maxConnectionAgeMs: number | undefined;
  readonly maxConnectionAgeGraceMs: number | undefined;
  readonly maxConnectionIdleMs: number | undefined;
}

/** Where connections come in that share credentials. */
export interface Entrance {
  /** Serves a connection: a raw socket also under TLS. */
  accept(connection: Duplex): void;
  /** Tells the clients to go elsewhere and, after `graceMs`, drops what they have not finished. */
  drain(graceMs: number): void;
}

/** What tells the engine about an entrance's connections. */
export type Connections = Pick<Arrival, 'peerOf' | 'isConnected'>;

const ignore = (): void => undefined;
const identity = (bytes: Buffer): Buffer => bytes;

/** What grpc-js gets in place of the intercepted call: its own handler finds nothing to do. */
const inertCall = {
  start: ignore,
  sendMetadata: ignore,
  sendMessage: ignore,
  sendStatus: ignore,
  startRead: ignore,
  getPeer: () => '',
  getDeadline: () => Infinity,
  getHost: () => '',
  getAuthContext: () => ({}),
  getConnectionInfo: () => ({}),
  getMetricsRecorder: () => undefined,
} as unknown as grpc.ServerInterceptingCall;

/**
 * The server engine over grpc-js: it parses HTTP/2 and frames messages there, and everything else happens in
 * {@link GrpcJsCall}. Bytes in, bytes out: (de)serializers are the identity.
 */
export class GrpcJsEngine {
  /** grpc-js' server, for `unwrap()`. */
  readonly core: grpc.Server;
  readonly #entries = new Map<string, MethodEntry>();

  constructor(
    private readonly options: TransportOptions,
    private readonly clock: Clock,
  ) {
    this.core = new grpc.Server(channelOptions(options));
  }

  add(path: string, entry: MethodEntry): void {
    this.#entries.set(path, entry);
    this.core.register(path, ignore, identity, identity, handlerType(entry));
  }

  /** Opens an entrance. */
  open(credentials: grpc.ServerCredentials, connections: Connections): Entrance {
    const arrival: Arrival = {
      ...connections,
      clock: this.clock,
      maxSendMessageBytes: this.options.maxSendMessageBytes,
    };
    let lastReceived: (() => ReceivedCall | undefined) | undefined = undefined;
    const intercept: grpc.ServerInterceptor = (method, raw) => {
      const entry = this.#entries.get(method.path);
      // a service that was added to grpc-js' own server, by unwrap()
      if (entry === undefined) return new grpc.ServerInterceptingCall(raw);
      raw.start(new GrpcJsCall(method.path, raw, entry, arrival, lastReceived?.()));
      return inertCall;
    };
    const injector = this.core.createConnectionInjector(
      grpc.experimental.createServerCredentialsWithInterceptors(credentials, [intercept]),
    );
    lastReceived = receivedCalls(this.core);
    return {
      accept: (connection) => injector.injectConnection(connection),
      drain: (graceMs) => injector.drain(graceMs),
    };
  }

  /** GOAWAY to every client; calls under way go on. Its callback is no sign of anything: it may come with calls open. */
  goAway(): void {
    this.core.tryShutdown(ignore);
  }
}

function handlerType({ requestStream, responseStream }: MethodEntry): string {
  if (requestStream) return responseStream ? 'bidi' : 'clientStream';
  return responseStream ? 'serverStream' : 'unary';
}

function channelOptions(options: TransportOptions): grpc.ServerOptions {
  const given = {
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': options.maxReceiveMessageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': options.maxConcurrentStreams,
    'grpc.keepalive_time_ms': options.keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs,
    'grpc.max_connection_age_ms': options.maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': options.maxConnectionAgeGraceMs,
    'grpc.max_connection_idle_ms': options.maxConnectionIdleMs,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
