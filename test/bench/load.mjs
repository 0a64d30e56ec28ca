// Runs one scenario against a server on a port and prints what it saw as JSON. Arguments: scenario, port, scale.
import { LoadConnection } from './http2-load.mjs';
import { find, findRange, requestBytes } from './service.mjs';

const [scenario, port, scale] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4] ?? 1)];

async function unary() {
  const connections = Array.from(
    { length: 10 },
    () => new LoadConnection({ port, path: find.path, request: requestBytes(0) }),
  );
  const run = (calls) => {
    let left = calls;
    const lane = async (connection) => {
      while (left-- > 0) await connection.call().ended;
    };
    return Promise.all(connections.flatMap((connection) => Array.from({ length: 10 }, () => lane(connection))));
  };
  // until the compiler and the collector have settled: before that a run measures start-up
  await run(60_000 * scale);
  const calls = 60_000 * scale;
  const ms = await timed(() => run(calls));
  for (const connection of connections) connection.close();
  return { perSecond: (calls / ms) * 1_000 };
}

async function streams(count, messages) {
  const connection = new LoadConnection({ port, path: findRange.path, request: requestBytes(messages) });
  const run = () => Promise.all(Array.from({ length: count }, () => connection.call().ended));
  for (let warmUp = 0; warmUp < 2; warmUp++) await run();
  const before = connection.dataBytes;
  const ms = await timed(run);
  const { length } = findRange.response.encode({ secret: 'c2VjcmV0', hammingDistance: 300 });
  if (connection.dataBytes - before !== count * messages * (length + 5)) throw new Error('messages are missing');
  connection.close();
  return { perSecond: ((count * messages) / ms) * 1_000 };
}

async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const scenarios = {
  unary,
  oneStream: () => streams(1, 200_000 * scale),
  fiftyStreams: () => streams(50, 5_000 * scale),
};
console.log(JSON.stringify(await scenarios[scenario]()));
process.exit(0);
