import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { UsageError } from '../status/usage-error.js';
import type { ConnectionSet } from './connection-set.js';
import type { BindTarget } from './listen-address.js';
import { removeStaleSocket } from './unix-socket.js';

/** Connections that may wait for serving to begin; more are closed. */
const MAX_HELD = 1_000;

/** Who hears of a listener. */
export interface ListenerAudience {
  /** A connection came in; from {@link Listener.serve} on. */
  connected(socket: Socket): void;
  /** A connection could not be accepted, for lack of file descriptors for one; the listener goes on. */
  failed(error: Error): void;
  /** It was closed, and not by us: a cluster's worker that disconnects does that. */
  lost(): void;
}

/**
 * One bound address. It accepts connections from the moment it is bound and hands them over from {@link serve} on: the
 * port is known before any call is served.
 *
 * A held connection is not paused: a paused one leaves HTTP/2 deaf, and Node keeps what it has read.
 */
export class Listener {
  readonly #server: Server;
  #held: Set<Socket> | undefined = new Set();
  #closed: Promise<void> | undefined = undefined;
  #giveUpBinding: (() => void) | undefined = undefined;

  constructor(
    private readonly connections: ConnectionSet,
    private readonly audience: ListenerAudience,
  ) {
    this.#server = createServer({ noDelay: true }, (socket) => this.#connected(socket));
  }

  /**
   * @returns the bound port; 0 for a unix socket
   * @throws what the system says, such as EADDRINUSE
   */
  async bind(target: BindTarget): Promise<number> {
    try {
      await this.#listen(target);
    } catch (error) {
      if (!('path' in target) || !(await removeStaleSocket(target.path, error))) throw error;
      await this.#listen(target);
    }
    this.#server.on('error', (error) => this.audience.failed(error));
    this.#server.on('close', () => {
      if (this.#closed === undefined) this.audience.lost();
    });
    return 'path' in target ? 0 : (this.#server.address() as AddressInfo).port;
  }

  /** Hands over the connections that wait, and every later one at once. */
  serve(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const socket of held) this.audience.connected(socket);
  }

  /** Accepts no more; resolves when the last connection is gone. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()));
    this.#giveUpBinding?.();
    for (const socket of this.#held ?? []) socket.destroy();
    return this.#closed;
  }

  #listen(target: BindTarget): Promise<void> {
    return new Promise((resolve, reject) => {
      // a version of Node either says nothing more once it is closed, or listens all the same
      this.#giveUpBinding = () => reject(new UsageError('The server was stopped before it was bound'));
      this.#server.once('error', reject);
      this.#server.listen(target, () => {
        this.#server.off('error', reject);
        if (this.#closed !== undefined) this.#server.close();
        resolve();
      });
    });
  }

  #connected(socket: Socket): void {
    this.connections.add(socket);
    if (this.#held === undefined) this.audience.connected(socket);
    else if (this.#held.size < MAX_HELD && this.#closed === undefined) this.#hold(socket);
    else socket.destroy();
  }

  #hold(socket: Socket): void {
    this.#held?.add(socket);
    socket.on('close', () => this.#held?.delete(socket));
  }
}
