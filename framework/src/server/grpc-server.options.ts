import type { ServerCredentials } from '@grpc/grpc-js';

/** One address to listen on, with credentials of its own. */
export interface ListenOn {
  /** `host:port`, `[v6]:port` or `unix:path`; port 0 picks one. */
  readonly address: string;
  /** TLS or mutual TLS; without it the address is plain text, which off loopback needs `insecure: true`. */
  readonly credentials?: ServerCredentials;
}

/** How serving ends. Times in ms. */
export interface ShutdownOptions {
  /** How long calls may go on once the server drains. Default 10,000 */
  readonly graceMs?: number;
  /** How long handlers may take to settle once their calls have ended. Default 5,000 */
  readonly handlerGraceMs?: number;
  /**
   * Signals of the process that stop the server: the first drains it, a second ends it now. Default none. Leave them to
   * Nest where you call `app.enableShutdownHooks()`.
   */
  readonly signals?: readonly NodeJS.Signals[];
  /**
   * How long the server goes on taking calls after the first signal, so that load balancers notice in time. It comes before
   * the grace period. Default 0
   */
  readonly drainDelayMs?: number;
}

/** Pings that find a peer that has gone silent. Times in ms. */
export interface KeepaliveOptions {
  /** Between pings on a connection. Default 120,000 */
  readonly timeMs?: number;
  /** For the answer; a connection without one is dropped, and its calls end. Default 20,000 */
  readonly timeoutMs?: number;
}

/** Bounds of one connection. Times in ms. */
export interface ConnectionOptions {
  /** Then the client is asked to connect anew. Default never */
  readonly maxAgeMs?: number;
  /** For the calls on a connection that is too old. Default unlimited */
  readonly maxAgeGraceMs?: number;
  /** Without a call. Default grpc-js' own, 30 minutes */
  readonly maxIdleMs?: number;
  /** Calls at once; more wait at the client. Default unlimited */
  readonly maxConcurrentStreams?: number;
}

/** What `GrpcServerModule.forRoot` takes. An unknown name, or a value that does nothing, is an error at boot. */
export interface GrpcServerOptions {
  /**
   * Where to listen: `host:port`, `[v6]:port` or `unix:path`, one or several. A name binds every address it resolves to;
   * port 0 picks one port for all of them. `[]` listens nowhere: connections come through `GrpcServer.accept`.
   */
  readonly listen: string | readonly (string | ListenOn)[];
  /** Allow plain text on addresses that other machines reach. Default false */
  readonly insecure?: boolean;
  /** Serve as soon as the application is bootstrapped and bound. With false, `server.start()` does. Default true */
  readonly autoStart?: boolean;
  /** Calls at once; more are refused with RESOURCE_EXHAUSTED. A call counts until its handler has settled. Default unlimited */
  readonly maximumConcurrentRpcs?: number;
  /** Handlers at once; other calls wait for one to settle. Default unlimited */
  readonly maxWorkers?: number;
  /** Calls that may wait for a worker; more are refused with RESOURCE_EXHAUSTED. Default 10,000 */
  readonly maxQueuedRpcs?: number;
  /** Send the messages of unexpected errors to clients; for development only. Default false */
  readonly exposeErrors?: boolean;
  /** Largest request, in bytes; -1 for no limit. Default 4,194,304 (4 MiB) */
  readonly maxReceiveMessageBytes?: number;
  /** Largest response, in bytes; -1 for no limit. Default -1 */
  readonly maxSendMessageBytes?: number;
  readonly keepalive?: KeepaliveOptions;
  readonly connection?: ConnectionOptions;
  readonly shutdown?: ShutdownOptions;
}

/** The token of the options. */
export const GRPC_SERVER_OPTIONS = Symbol('GrpcServerOptions');
