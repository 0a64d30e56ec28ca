import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { BindTarget } from './listen-address.js';
import type { ConnectionSet } from './connection-set.js';

/** Connections that may wait for serving to begin; more are closed. */
const MAX_HELD = 1_000;

/**
 * One bound address. It accepts connections from the moment it is bound and hands them over from {@link serve} on: the
 * port is known before any call is served.
 *
 * A held connection is not paused: a paused one leaves HTTP/2 deaf, and Node keeps what it has read.
 */
export class Listener {
  readonly #server: Server;
  #held: Socket[] | undefined = [];
  #closed: Promise<void> | undefined = undefined;

  constructor(
    private readonly connections: ConnectionSet,
    private readonly handOver: (socket: Socket) => void,
  ) {
    this.#server = createServer({ noDelay: true }, (socket) => this.#connected(socket));
  }

  /** @returns the bound port; 0 for a unix socket. @throws what the system says, such as EADDRINUSE */
  async bind(target: BindTarget): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(target, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return 'path' in target ? 0 : (this.#server.address() as AddressInfo).port;
  }

  /** Hands over the connections that wait, and every later one at once. */
  serve(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const socket of held) if (!socket.destroyed) this.handOver(socket);
  }

  /** Accepts no more; resolves when the last connection is gone. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#held?.splice(0) ?? []) socket.destroy();
    return this.#closed;
  }

  #connected(socket: Socket): void {
    this.connections.add(socket);
    if (this.#held === undefined) this.handOver(socket);
    else if (this.#held.length < MAX_HELD) this.#held.push(socket);
    else socket.destroy();
  }
}
