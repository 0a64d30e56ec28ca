import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ServerCredentials } from '@grpc/grpc-js';
import type { LoggerService } from '@nestjs/common';
import type { Clock } from '../call/clock.js';
import { UsageError } from '../status/usage-error.js';
import { bindAddress } from './bind-address.js';
import { ConnectionSet, peerName } from './connection-set.js';
import type { Entrance, GrpcJsEngine } from './grpc-js-engine.js';
import type { GrpcServerOptions, ListenOn } from './grpc-server.options.js';
import { bindTargets, isLoopback, parseListenAddress, type BindTarget } from './listen-address.js';
import { Listener } from './listener.js';

/** How long connections may take to flush what is left for their clients, in ms; then they are closed. */
const FLUSH_MS = 200;

/** Everything a server listens on, from bind to the last connection. */
export class Listening {
  readonly #connections = new ConnectionSet();
  readonly #entrances: Entrance[] = [];
  #listeners: Listener[] = [];
  #handedIn: Entrance | undefined = undefined;
  #stage: 'unbound' | 'bound' | 'serving' | 'refusing' = 'unbound';
  /** The bound ports, each once. */
  readonly ports: number[] = [];
  /** What is bound, in gRPC's form. */
  readonly endpoints: string[] = [];

  /** @param lost told when a listener was closed by somebody else */
  constructor(
    private readonly engine: GrpcJsEngine,
    private readonly options: Pick<GrpcServerOptions, 'listen' | 'insecure'>,
    private readonly logger: LoggerService,
    private readonly clock: Clock,
    private readonly lost: (cause: Error) => void,
  ) {}

  /** Whether new connections are served. */
  get isOpen(): boolean {
    return this.#stage === 'serving';
  }

  /**
   * Binds every address, or none.
   *
   * @throws {UsageError} when one cannot be bound or is plain text off loopback, or the server is bound or stopped already
   */
  async bind(): Promise<void> {
    if (this.#stage === 'refusing')
      throw new UsageError('The server was stopped; a stopped server cannot listen again');
    if (this.#stage !== 'unbound') throw new UsageError('The server listens already');
    this.#stage = 'bound';
    const { listen } = this.options;
    try {
      const addresses = typeof listen === 'string' ? [listen] : listen;
      for (const entry of addresses) await this.#bind(typeof entry === 'string' ? { address: entry } : entry);
    } catch (error) {
      await this.#unbind();
      throw error;
    }
  }

  serve(): void {
    this.#stage = 'serving';
    for (const listener of this.#listeners) listener.serve();
  }

  /** Serves a connection that came in by another way. */
  accept(connection: Duplex): void {
    this.#handedIn ??= this.#open(undefined, 'in-process');
    this.#connections.add(connection);
    // Node 24 asserts when HTTP/2 writes to a wrapped stream that it has begun to end; a client that is gone hears nothing
    if (!(connection instanceof Socket)) connection.once('end', () => connection.destroy());
    this.#handedIn.accept(connection);
  }

  /** Accepts no more connections and tells the clients to go elsewhere; calls under way go on. */
  refuse(): void {
    this.#stage = 'refusing';
    for (const listener of this.#listeners) void listener.close();
    this.engine.goAway();
  }

  /** Drops what is still on the wire after a short time to flush. */
  drop(): void {
    for (const entrance of this.#entrances) entrance.drain(FLUSH_MS);
  }

  /** Closes what is left: after a short time to flush, whether or not the clients let go. */
  async close(): Promise<void> {
    const closed = Promise.all([this.#connections.empty(), ...this.#listeners.map((listener) => listener.close())]);
    const stopTimer = this.clock.setTimeout(() => this.#connections.destroyAll(), FLUSH_MS);
    await closed;
    stopTimer();
  }

  async #bind({ address, credentials }: ListenOn): Promise<void> {
    const parsed = parseListenAddress(address);
    const targets = await bindTargets(parsed);
    if (isPlainText(credentials)) this.#checkPlainText(address, targets);
    const entrance = this.#open(credentials, parsed.kind === 'unix' ? `unix:${parsed.path}` : 'unknown');
    const { port, endpoints, failures } = await bindAddress(address, targets, () => this.#listener(address, entrance));
    if (failures.length > 0) {
      this.logger.warn(`${address}: not every address could be bound: ${failures.map(String).join('; ')}`);
    }
    this.endpoints.push(...endpoints);
    if (port > 0 && !this.ports.includes(port)) this.ports.push(port);
  }

  /** A server that could not be bound leaves nothing behind and may try again. */
  async #unbind(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
    this.ports.length = 0;
    this.endpoints.length = 0;
    if (this.#stage === 'bound') this.#stage = 'unbound';
  }

  #listener(address: string, entrance: Entrance): Listener {
    if (this.#stage === 'refusing') throw new UsageError('The server was stopped before it was bound');
    const listener = new Listener(this.#connections, {
      connected: (socket) => entrance.accept(socket),
      failed: ({ message }) => void this.logger.error(`${address}: a connection could not be accepted: ${message}`),
      lost: () => this.lost(new Error(`the listener on ${address} was closed from outside`)),
    });
    this.#listeners.push(listener);
    return listener;
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

/** Credentials made by `createInsecure()` are none; grpc-js has no public way to ask. */
function isPlainText(credentials: ServerCredentials | undefined): boolean {
  return credentials === undefined || credentials.constructor === ServerCredentials.createInsecure().constructor;
}
