// A process of its own with a grpc-js client that opens client streams and cancels most of them.
// Arguments: address, number of cancels. Prints how many calls it half-closed.
import * as grpc from '@grpc/grpc-js';

const [, , address, wanted] = process.argv;
/** HTTP/2 servers drop a connection on which too many streams are reset. */
const CALLS_PER_CONNECTION = 50;
const same = (/** @type {Buffer} */ bytes) => bytes;
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** The same numbers in every run. */
let state = 11;
const random = (/** @type {number} */ below) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

/** @param {grpc.Client} client @param {boolean} cancels */
async function call(client, cancels) {
  const stream = client.makeClientStreamRequest('/servicer.test.v1.Kinds/Collect', same, same, () => {});
  stream.on('error', () => {});
  const ended = new Promise((resolve) => stream.on('status', resolve));
  for (let messages = random(4); messages > 0; messages--) stream.write(item(random(3_000)));
  for (let turns = random(20); turns > 0; turns--) await turn();
  if (cancels) stream.cancel();
  else stream.end();
  await ended;
}

/** An `Item` with a blob of so many bytes. @param {number} bytes */
function item(bytes) {
  return Buffer.concat([Buffer.from([0x1a, (bytes & 0x7f) | 0x80, bytes >> 7]), Buffer.alloc(bytes)]);
}

let cancels = 0;
let halfCloses = 0;
while (cancels < Number(wanted)) {
  const client = new grpc.Client(String(address), grpc.credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  await new Promise((resolve) => client.waitForReady(Date.now() + 10_000, resolve));
  for (let calls = 0; calls < CALLS_PER_CONNECTION; calls++) {
    const cancel = random(4) > 0;
    if (cancel) cancels += 1;
    else halfCloses += 1;
    await call(client, cancel);
  }
  client.close();
}
process.stdout.write(String(halfCloses));
// its channels wait for a time that they no longer need
process.exit();
