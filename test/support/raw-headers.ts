import { once } from 'node:events';
import { connect } from 'node:net';
import { KindsService } from '../gen/ts-proto/kinds.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [DATA, HEADERS, RST_STREAM, SETTINGS] = [0, 1, 3, 4];
const [END_STREAM, END_HEADERS] = [1, 4];

function frame(type: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/**
 * Makes one unary call with headers that no HTTP/2 library lets through: twice the same, not ASCII, reserved.
 *
 * @returns whether the server ended the stream, by trailers or by a reset; the connection is then closed
 */
export async function callWithHeaders(
  address: string,
  headers: readonly (readonly [string, string])[],
): Promise<boolean> {
  const [host, port] = address.split(':');
  const socket = connect({ host: host!, port: Number(port) });
  socket.on('error', () => {});
  const all = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', KindsService.unary.path],
    [':authority', 'test'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...headers,
  ];
  const block = Buffer.concat(all.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
  const emptyMessage = Buffer.alloc(5);
  socket.write(
    Buffer.concat([
      PREFACE,
      frame(SETTINGS, 0, 0),
      frame(HEADERS, END_HEADERS, 1, block),
      frame(DATA, END_STREAM, 1, emptyMessage),
    ]),
  );
  let received = Buffer.alloc(0);
  try {
    for (;;) {
      received = Buffer.concat([received, ...((await once(socket, 'data')) as Buffer[])]);
      while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const [type, flags, stream] = [received[3]!, received[4]!, received.readUInt32BE(5)];
        received = received.subarray(9 + received.readUIntBE(0, 3));
        if (
          stream === 1 &&
          (type === RST_STREAM || ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0))
        )
          return type !== RST_STREAM;
      }
    }
  } finally {
    socket.destroy();
  }
}
