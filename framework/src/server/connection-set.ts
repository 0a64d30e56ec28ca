import type { Duplex } from 'node:stream';
import { deferred, type Deferred } from '../termination/deferred.js';
import type { ConnectionEnds } from './grpc-js-call.js';
import { endpointName } from './listen-address.js';

/** The connections of one server, so that the last of them can be found and closed. */
export class ConnectionSet {
  readonly #connections = new Set<Duplex>();
  readonly #byEnds = new Map<string, Duplex>();
  #empty: Deferred | undefined = undefined;

  get size(): number {
    return this.#connections.size;
  }

  add(connection: Duplex): void {
    const key = keyOf(connection as Partial<ConnectionEnds>);
    this.#connections.add(connection);
    if (key !== undefined) this.#byEnds.set(key, connection);
    // an error closes the connection, and what is on it hears of that
    connection.on('error', () => undefined);
    connection.on('close', () => {
      if (key !== undefined && this.#byEnds.get(key) === connection) this.#byEnds.delete(key);
      this.#delete(connection);
    });
  }

  /** Whether the client of a call is still connected; a client of a kind that has no address counts as connected. */
  isConnected(ends: ConnectionEnds): boolean {
    const key = keyOf(ends);
    if (key === undefined) return true;
    const connection = this.#byEnds.get(key);
    return connection !== undefined && !connection.destroyed && !connection.readableEnded;
  }

  /** Resolves once there is no connection. */
  empty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    this.#empty ??= deferred();
    return this.#empty.promise;
  }

  destroyAll(): void {
    for (const connection of this.#connections) {
      connection.destroy();
      // not every kind of stream says that it has closed
      this.#delete(connection);
    }
  }

  #delete(connection: Duplex): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    this.#empty?.resolve();
    this.#empty = undefined;
  }
}

/** A client's name in gRPC's form; `local` names it where the connection has no addresses. */
export function peerName({ remoteAddress, remotePort }: ConnectionEnds, local: string): string {
  return remoteAddress === undefined || remotePort === undefined ? local : endpointName(remoteAddress, remotePort);
}

/** Both ends: a client may use one port of its own for connections to several of ours. */
function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Partial<ConnectionEnds>): string | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return [localAddress, localPort, remoteAddress, remotePort].join('|');
}
