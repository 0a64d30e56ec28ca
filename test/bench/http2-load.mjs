// A load generator that costs little: it writes HTTP/2 frames made beforehand and only counts what comes back, so that the
// server is what is measured. Loopback only, bounded in calls.
import { connect } from 'node:net';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const RST_STREAM = 3;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;
const MAX_WINDOW = 2 ** 31 - 1;
const DEFAULT_WINDOW = 65_535;

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** HPACK: every field a literal that is not indexed, no Huffman. */
function headerBlock(fields) {
  const text = (value) => {
    if (value.length > 126) throw new RangeError('too long for a one-byte length');
    return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  };
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** One connection that makes calls of one method with one request. */
export class LoadConnection {
  #socket;
  #rest = Buffer.alloc(0);
  #nextStream = 1;
  #onEnd = new Map();
  #received = 0;
  #headers;
  #body;

  /**
   * @param {{ port: number, path: string, request: Uint8Array, reads?: boolean }} options `reads: false` never opens a
   *   window: the server may send 64 KiB and then has to wait
   */
  constructor({ port, path, request, reads = true }) {
    const message = Buffer.concat([Buffer.from([0]), uint32(request.length), request]);
    this.reads = reads;
    this.dataBytes = 0;
    this.#headers = headerBlock([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'localhost'],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
    ]);
    this.#body = message;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const settings = Buffer.concat([Buffer.from([0, 4]), uint32(reads ? MAX_WINDOW : DEFAULT_WINDOW)]);
    this.#socket.write(
      Buffer.concat([
        PREFACE,
        frame(SETTINGS, 0, 0, settings),
        ...(reads ? [this.#windowUpdate(MAX_WINDOW - DEFAULT_WINDOW)] : []),
      ]),
    );
    this.#socket.on('data', (bytes) => this.#read(bytes));
    this.closed = new Promise((resolve) => this.#socket.on('close', resolve));
    this.#socket.on('error', () => undefined);
  }

  /** Makes a call; resolves when its trailers are in. @returns {{ stream: number, ended: Promise<void> }} */
  call() {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#socket.write(
      Buffer.concat([frame(HEADERS, END_HEADERS, stream, this.#headers), frame(DATA, END_STREAM, stream, this.#body)]),
    );
    return { stream, ended: new Promise((resolve, reject) => this.#onEnd.set(stream, { resolve, reject })) };
  }

  /** Ends a call from this side, as a client that cancels. */
  cancel(stream) {
    this.#onEnd.delete(stream);
    this.#socket.write(frame(RST_STREAM, 0, stream, uint32(8)));
  }

  close() {
    this.#socket.destroy();
  }

  #windowUpdate(by) {
    return frame(8, 0, 0, uint32(by));
  }

  #read(bytes) {
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (data.length - at >= 9) {
      const length = data.readUIntBE(at, 3);
      if (data.length - at < 9 + length) break;
      this.#frame(data[at + 3], data[at + 4], data.readUInt32BE(at + 5), data.subarray(at + 9, at + 9 + length));
      at += 9 + length;
    }
    this.#rest = data.subarray(at);
  }

  #frame(type, flags, stream, payload) {
    if (type === DATA) {
      this.dataBytes += payload.length;
      this.#received += payload.length;
      if (this.reads && this.#received > MAX_WINDOW / 4) {
        this.#socket.write(this.#windowUpdate(this.#received));
        this.#received = 0;
      }
    }
    if ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0) this.#take(stream)?.resolve();
    if (type === RST_STREAM) this.#take(stream)?.reject(new Error(`the server reset stream ${stream}`));
    if (type === SETTINGS && (flags & ACK) === 0) this.#socket.write(frame(SETTINGS, ACK, 0));
    if (type === PING && (flags & ACK) === 0) this.#socket.write(frame(PING, ACK, 0, Buffer.from(payload)));
    if (type === GOAWAY)
      for (const one of [...this.#onEnd.keys()]) this.#take(one)?.reject(new Error('the server went away'));
  }

  #take(stream) {
    const waiting = this.#onEnd.get(stream);
    this.#onEnd.delete(stream);
    return waiting;
  }
}
