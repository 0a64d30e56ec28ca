import type { Socket } from 'node:net';
import { endpointName } from './listen-address.js';
import type { ConnectionEnds } from './grpc-js-call.js';

/** The sockets of one server, so that the last of them can be found and closed. */
export class ConnectionSet {
  readonly #sockets = new Set<Socket>();
  readonly #byClient = new Map<string, Socket>();

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Socket): void {
    const key = clientKey(socket);
    this.#sockets.add(socket);
    this.#byClient.set(key, socket);
    // an error closes the socket, and what is on it hears of that
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#byClient.get(key) === socket) this.#byClient.delete(key);
    });
  }

  /** Whether the client of a call is still connected; a client of a kind that has no address counts as connected. */
  isConnected(ends: ConnectionEnds): boolean {
    if (ends.remoteAddress === undefined || ends.remotePort === undefined) return true;
    const socket = this.#byClient.get(clientKey(ends));
    return socket !== undefined && !socket.destroyed && !socket.readableEnded;
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** A client's name in gRPC's form; `local` names it where the connection has no addresses. */
export function peerName({ remoteAddress, remotePort }: ConnectionEnds, local: string): string {
  return remoteAddress === undefined || remotePort === undefined ? local : endpointName(remoteAddress, remotePort);
}

function clientKey({ remoteAddress = '', remotePort = 0 }: ConnectionEnds): string {
  return `${remoteAddress}|${remotePort}`;
}
