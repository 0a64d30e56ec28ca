import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and a server on TCP, and can behave as networks do when they fail. */
export class TcpProxy implements AsyncDisposable {
  readonly #toServer: Socket[] = [];
  readonly #sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(target: string) {
    const [host, port] = target.split(':');
    this.#server = createServer((client) => {
      const server = createConnection({ host, port: Number(port) });
      this.#toServer.push(server);
      this.#sockets.push(client, server);
      for (const socket of [client, server]) socket.setNoDelay().on('error', () => {});
      client.on('data', (chunk) => server.write(chunk));
      server.on('data', (chunk) => client.write(chunk));
      client.on('end', () => server.end());
      server.on('end', () => client.end());
    });
  }

  /** @param target `host:port` */
  static async start(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on packets go nowhere; nobody is told. */
  silence(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  /** The client's side is closed towards the server, as when its process ends. */
  fin(): void {
    for (const socket of this.#toServer) socket.end();
  }

  /** The connection to the server is reset, as when its peer's machine forgot it. */
  reset(): void {
    for (const socket of this.#toServer) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
