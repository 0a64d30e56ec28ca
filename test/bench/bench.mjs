// npm run bench [-- --rounds 5 --quick --json FILE]: the framework beside raw grpc-js with the same codec. Each figure comes
// from fresh processes, base and ours in turn; a ratio is taken pair by pair, and its median is the result.
import { execFile, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { LoadConnection } from './http2-load.mjs';
import { findRange, requestBytes } from './service.mjs';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const rounds = flags.quick ? 2 : Number(flags.rounds);
const scale = flags.quick ? 0.2 : 1;

const SERVERS = { base: 'raw-grpc-js', ours: 'servicer' };
/** Ratios to the base that a run must reach, on Node 20. */
const SCENARIOS = [
  { name: 'unary', title: 'unary, 10 connections x 10', floor: 0.75, aim: 0.85 },
  { name: 'oneStream', title: 'one stream of 200 k messages', floor: 3 },
  { name: 'fiftyStreams', title: '50 streams x 5 k messages', floor: 1.5 },
];
const UNREAD_STREAMS = 20;
const MAX_UNREAD_MIB = 10;
const CANCELS = 50;
const MAX_ABORT_MS = 100;

/** The server has one core, the load the other, where the machine has `taskset` and two. */
const pinned = await promisify(execFile)('taskset', ['-c', '1', 'true']).then(
  () => cpus().length >= 2,
  () => false,
);

const folder = new URL('.', import.meta.url);
const path = (name) => new URL(name, folder).pathname;

async function start(server) {
  const child = fork(path(`servers/${server}.mjs`), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  if (pinned) await promisify(execFile)('taskset', ['-apc', '0', String(child.pid)]);
  const { port } = await message(child);
  return { child, port, stop: () => child.disconnect() };
}

const message = (child) =>
  new Promise((resolve, reject) => {
    const onExit = (code) => reject(new Error(`the server ended with code ${code}`));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value);
    });
  });

async function load(scenario, port) {
  const args = [path('load.mjs'), scenario, String(port), String(scale)];
  const { stdout } = pinned
    ? await promisify(execFile)('taskset', ['-c', '1', process.execPath, ...args])
    : await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout).perSecond;
}

/** Messages a second, and the server's processor time in ms for all of them: the latter bears other work on the machine. */
async function figure(server, scenario) {
  const { child, port, stop } = await start(server);
  const cpuMs = async () => {
    child.send('usage');
    const { user, system } = (await message(child)).cpu;
    return (user + system) / 1_000;
  };
  try {
    const before = await cpuMs();
    const perSecond = await load(scenario, port);
    return { perSecond, cpuMs: (await cpuMs()) - before };
  } finally {
    stop();
  }
}

async function compare({ name, title, floor, aim }) {
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`bench: ${title}, round ${round + 1} of ${rounds}\n`);
    const base = await figure(SERVERS.base, name);
    const ours = await figure(SERVERS.ours, name);
    pairs.push({ base, ours, ratio: ours.perSecond / base.perSecond, cpuRatio: base.cpuMs / ours.cpuMs });
  }
  const ratios = pairs.map(({ ratio }) => ratio).sort((a, b) => a - b);
  const ratio = median(ratios);
  return {
    name,
    title,
    basePerSecond: median(pairs.map(({ base }) => base.perSecond)),
    oursPerSecond: median(pairs.map(({ ours }) => ours.perSecond)),
    ratio,
    lowest: ratios[0],
    highest: ratios.at(-1),
    cpuRatio: median(pairs.map(({ cpuRatio }) => cpuRatio)),
    floor,
    aim,
    ok: ratio >= floor,
  };
}

/** What streams cost whose client does not read. */
async function unread() {
  const { child, port, stop } = await start(SERVERS.ours);
  const usage = async () => {
    child.send('usage');
    return (await message(child)).rssBytes;
  };
  const connection = new LoadConnection({ port, path: findRange.path, request: requestBytes(5_000_000), reads: false });
  // one that is read to its end first, so that what is measured is the streams and not the warm-up
  const warm = new LoadConnection({ port, path: findRange.path, request: requestBytes(200_000) });
  await warm.call().ended;
  warm.close();
  const before = await usage();
  for (let i = 0; i < UNREAD_STREAMS; i++) connection.call().ended.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const mib = ((await usage()) - before) / 2 ** 20;
  connection.close();
  stop();
  return {
    name: 'unread',
    title: `${UNREAD_STREAMS} streams that nobody reads: growth in MiB`,
    value: mib,
    limit: MAX_UNREAD_MIB,
    ok: mib < MAX_UNREAD_MIB,
  };
}

/** From a client's cancel to the abort of the servicer's signal, both on this machine's clock. */
async function cancelLatency() {
  const { child, port, stop } = await start(SERVERS.ours);
  const connection = new LoadConnection({ port, path: findRange.path, request: requestBytes(-1) });
  const latencies = [];
  for (let i = 0; i < CANCELS; i++) {
    const seen = connection.dataBytes;
    const { stream, ended } = connection.call();
    ended.catch(() => undefined);
    while (connection.dataBytes === seen) await new Promise((resolve) => setImmediate(resolve));
    const at = performance.timeOrigin + performance.now();
    connection.cancel(stream);
    latencies.push((await message(child)).abortedAt - at);
  }
  connection.close();
  stop();
  const worst = Math.max(...latencies);
  return {
    name: 'cancel',
    title: `cancel to abort in ms, median of ${CANCELS}`,
    value: median(latencies),
    worst,
    limit: MAX_ABORT_MS,
    ok: worst <= MAX_ABORT_MS,
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

const ratios = [];
for (const scenario of SCENARIOS) ratios.push(await compare(scenario));
const limits = [await unread(), await cancelLatency()];

const result = {
  node: process.version,
  cpu: cpus()[0].model,
  cores: cpus().length,
  pinned,
  rounds,
  quick: flags.quick,
  ratios,
  limits,
};
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(result, null, 2)}\n`);
console.log(
  `\nNode ${process.version}, ${cpus().length} x ${cpus()[0].model}, ${pinned ? 'server and load pinned to a core each' : 'not pinned'}, ${rounds} fresh pairs`,
);
console.table(
  Object.fromEntries(
    ratios.map((row) => [
      row.title,
      {
        'raw grpc-js /s': Math.round(row.basePerSecond),
        'servicer /s': Math.round(row.oursPerSecond),
        ratio: row.ratio.toFixed(2),
        spread: `${row.lowest.toFixed(2)}..${row.highest.toFixed(2)}`,
        'by server CPU': row.cpuRatio.toFixed(2),
        floor: row.floor,
        aim: row.aim ?? '',
      },
    ]),
  ),
);
console.table(
  Object.fromEntries(
    limits.map((row) => [
      row.title,
      { value: row.value.toFixed(2), worst: row.worst?.toFixed(2) ?? '', limit: row.limit },
    ]),
  ),
);
const missed = [...ratios, ...limits].filter(({ ok }) => !ok);
for (const { title } of missed) console.log(`below its floor: ${title}`);
process.exit(missed.length === 0 ? 0 : 1);
