import { once } from 'node:events';
import * as http2 from 'node:http2';
import { createConnection, type Socket } from 'node:net';
import { Item, KindsService } from '../gen/ts-proto/kinds.js';
import { item } from './raw-kinds.js';

/** How a call ended on the wire; without a status its stream was just closed. */
export interface WireEnd {
  readonly code: number | undefined;
  readonly details: string | undefined;
  /** The block that had the status. */
  readonly headers: http2.IncomingHttpHeaders;
}

/** How a raw connection is set up. */
export interface RawHttp2Options {
  /** Bytes that the server may send on a stream before it is read; HTTP/2's own default is 65,535. */
  readonly windowBytes?: number;
}

/**
 * A gRPC client of nothing but HTTP/2: it enforces no deadline, counts no messages, reads only when told to, and its
 * socket can be ill-treated.
 */
export class RawHttp2 implements Disposable {
  private constructor(
    readonly socket: Socket,
    readonly session: http2.ClientHttp2Session,
  ) {}

  static async connect(address: string, { windowBytes }: RawHttp2Options = {}): Promise<RawHttp2> {
    const [host, port] = address.split(':');
    const socket = createConnection({ host, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    const settings = windowBytes === undefined ? {} : { initialWindowSize: windowBytes };
    const session = http2.connect(`http://${address}`, { createConnection: () => socket, settings });
    // what is done to the connection on purpose is no error of the test
    socket.on('error', () => {});
    session.on('error', () => {});
    await once(session, 'remoteSettings');
    return new RawHttp2(socket, session);
  }

  /** Opens a call of `servicer.test.v1.Kinds`. */
  open(rpc: keyof KindsService, headers: http2.OutgoingHttpHeaders = {}): RawHttp2Call {
    const request = {
      ':method': 'POST',
      ':path': KindsService[rpc].path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    };
    return new RawHttp2Call(this.session.request(request, { waitForTrailers: true }));
  }

  [Symbol.dispose](): void {
    this.session.destroy();
    this.socket.destroy();
  }
}

export class RawHttp2Call {
  readonly initialMetadata: Promise<http2.IncomingHttpHeaders>;
  readonly ended: Promise<WireEnd>;
  readonly #chunks: Buffer[] = [];
  /** What the server sent and was read, framing included. */
  receivedBytes = 0;

  constructor(readonly stream: http2.ClientHttp2Stream) {
    stream.on('error', () => {});
    // without this Node half-closes a stream that it resets, and cancel() would not be what other clients do
    stream.on('wantTrailers', () => stream.sendTrailers({}));
    this.initialMetadata = new Promise((resolve) => stream.once('response', resolve));
    this.ended = new Promise((resolve) => {
      const statusIn = (headers: http2.IncomingHttpHeaders): void => {
        if (headers['grpc-status'] === undefined) return;
        const details = decodeURIComponent(headers['grpc-message']?.toString() ?? '');
        resolve({ code: Number(headers['grpc-status']), details, headers });
      };
      stream.on('response', statusIn);
      stream.on('trailers', statusIn);
      stream.on('close', () => resolve({ code: undefined, details: undefined, headers: {} }));
    });
  }

  send(message: Partial<Item> | Uint8Array = {}): this {
    const bytes = message instanceof Uint8Array ? message : Item.encode(item(message)).finish();
    const head = Buffer.alloc(5);
    head.writeUInt32BE(bytes.length, 1);
    this.stream.write(Buffer.concat([head, bytes]));
    return this;
  }

  /** Half-closes. */
  end(): this {
    this.stream.end();
    return this;
  }

  /** Takes what the server sends; until then nothing but the window holds it. */
  read(): this {
    this.stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.receivedBytes += chunk.length;
    });
    return this;
  }

  /** The messages read so far. */
  get responses(): Item[] {
    const responses: Item[] = [];
    const received = Buffer.concat(this.#chunks);
    for (let at = 0; at + 5 <= received.length;) {
      const end = at + 5 + received.readUInt32BE(at + 1);
      if (end > received.length) break;
      responses.push(Item.decode(received.subarray(at + 5, end)));
      at = end;
    }
    return responses;
  }

  /** As a client cancels: RST_STREAM. */
  cancel(): void {
    this.stream.close(http2.constants.NGHTTP2_CANCEL);
  }
}
