import type { Duplex } from 'node:stream';
import { ServerCredentials } from '@grpc/grpc-js';
import type { LoggerService } from '@nestjs/common';
import type { Clock } from '../call/clock.js';
import { UsageError } from '../status/usage-error.js';
import { ConnectionSet, peerName } from './connection-set.js';
import type { Entrance, GrpcJsEngine } from './grpc-js-engine.js';
import type { GrpcServerOptions, ListenOn } from './grpc-server.options.js';
import { bindTargets, endpointName, isLoopback, parseListenAddress, type BindTarget } from './listen-address.js';
import { Listener } from './listener.js';

/** How long connections may take to flush what is left for their clients, in ms; then they are closed. */
const FLUSH_MS = 200;

/** Everything a server listens on, from bind to the last socket. */
export class Listening {
  readonly #connections = new ConnectionSet();
  readonly #listeners: Listener[] = [];
  readonly #entrances: Entrance[] = [];
  #handedIn: Entrance | undefined = undefined;
  /** The bound ports, each once. */
  readonly ports: number[] = [];
  /** What is bound, in gRPC's form. */
  readonly endpoints: string[] = [];

  constructor(
    private readonly engine: GrpcJsEngine,
    private readonly options: Pick<GrpcServerOptions, 'listen' | 'insecure'>,
    private readonly logger: LoggerService,
    private readonly clock: Clock,
  ) {}

  /** Binds every address. @throws {UsageError} when one cannot be bound, or is plain text off loopback */
  async bind(): Promise<void> {
    const { listen } = this.options;
    const addresses = typeof listen === 'string' ? [listen] : listen;
    for (const entry of addresses) await this.#bindAddress(typeof entry === 'string' ? { address: entry } : entry);
  }

  serve(): void {
    for (const listener of this.#listeners) listener.serve();
  }

  /** Serves a connection that came in by another way. */
  accept(connection: Duplex): void {
    this.#handedIn ??= this.#open(undefined, 'in-process');
    this.#handedIn.accept(connection);
  }

  /** Accepts no more connections and tells the clients to go elsewhere; calls under way go on. */
  refuse(): void {
    for (const listener of this.#listeners) void listener.close();
    this.engine.goAway();
  }

  /** Drops what is still on the wire after a short time to flush. */
  drop(): void {
    for (const entrance of this.#entrances) entrance.drain(FLUSH_MS);
  }

  /** Closes what is left: after a short time to flush, whether or not the clients let go. */
  async close(): Promise<void> {
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()));
    this.drop();
    const stopTimer = this.clock.setTimeout(() => this.#connections.destroyAll(), FLUSH_MS);
    await closed;
    stopTimer();
  }

  async #bindAddress({ address, credentials }: ListenOn): Promise<void> {
    const targets = await bindTargets(parseListenAddress(address));
    if (credentials === undefined) this.#checkPlainText(address, targets);
    const local = 'path' in (targets[0] ?? {}) ? address : 'unknown';
    const entrance = this.#open(credentials, local);
    const failures: unknown[] = [];
    let port: number | undefined;
    for (const target of targets) {
      // port 0 picks one port, the same for every address the name resolves to
      const wanted = 'path' in target ? target : { host: target.host, port: target.port === 0 ? (port ?? 0) : target.port };
      const bound = await this.#bindTarget(wanted, entrance).catch((error: unknown) => void failures.push(error));
      if (bound !== undefined) port = bound;
    }
    if (port === undefined) throw cannotListen(address, failures);
    if (failures.length > 0) this.logger.warn(`${address}: not every address could be bound: ${failures.map(String).join('; ')}`);
    if (port > 0 && !this.ports.includes(port)) this.ports.push(port);
  }

  async #bindTarget(target: BindTarget, entrance: Entrance): Promise<number> {
    const listener = new Listener(this.#connections, (socket) => entrance.accept(socket));
    const port = await listener.bind(target);
    this.#listeners.push(listener);
    this.endpoints.push('path' in target ? `unix:${target.path}` : endpointName(target.host, port));
    return port;
  }

  #open(credentials: ServerCredentials | undefined, local: string): Entrance {
    const entrance = this.engine.open(credentials ?? ServerCredentials.createInsecure(), {
      peerOf: (ends) => peerName(ends, local),
      isConnected: (ends) => this.#connections.isConnected(ends),
    });
    this.#entrances.push(entrance);
    return entrance;
  }

  #checkPlainText(address: string, targets: readonly BindTarget[]): void {
    if (targets.every(isLoopback)) return;
    if (this.options.insecure !== true) {
      throw new UsageError(
        `"${address}" can be reached from other machines and has no credentials: its calls would travel in plain text. ` +
          `Give it credentials (listen: [{ address: '${address}', credentials }]), or write insecure: true if something else encrypts them.`,
      );
    }
    this.logger.warn(`${address} is served in plain text to other machines (insecure: true)`);
  }
}

function cannotListen(address: string, failures: readonly unknown[]): UsageError {
  const reasons = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  return new UsageError(`Cannot listen on "${address}": ${reasons.join('; ')}`, { cause: failures[0] });
}
