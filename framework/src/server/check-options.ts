import { constants } from 'node:os';
import { ServerCredentials } from '@grpc/grpc-js';
import { didYouMean } from '../schema/nearest.js';
import { parseListenAddress } from './listen-address.js';

/** Says what is wrong with a value, or nothing. */
type Check = (value: unknown) => string | undefined;

/** A group of options: its names, and what each may hold. */
interface Group {
  readonly [name: string]: Check | Group;
}

const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'takes true or false');
const wholeFrom =
  (minimum: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= minimum ? undefined : `takes a whole number from ${minimum}`;
const milliseconds: Check = (value) => (typeof value === 'number' && value >= 0 ? undefined : 'takes a number of ms from 0');
const bytes: Check = (value) => (Number.isInteger(value) && (value as number) >= -1 ? undefined : 'takes a number of bytes, or -1 for no limit');
const signals: Check = (value) => {
  if (!Array.isArray(value)) return "takes a list of signals, such as ['SIGTERM', 'SIGINT']";
  const unknown: unknown = value.find((name: unknown) => typeof name !== 'string' || !(name in constants.signals));
  return unknown === undefined ? undefined : `names "${String(unknown)}", which is no signal`;
};

const listen: Check = (value) => {
  if (value === undefined) return 'is missing; say where to listen, such as "localhost:50051"';
  const entries: unknown[] = Array.isArray(value) ? value : [value];
  return entries.map(listenEntryProblem).find((problem) => problem !== undefined);
};

function listenEntryProblem(entry: unknown): string | undefined {
  const { address, credentials, ...rest } = (typeof entry === 'object' && entry !== null ? entry : { address: entry }) as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return `has no "${unknown}".${didYouMean(unknown, ['address', 'credentials'])}`;
  if (typeof address !== 'string') return 'takes addresses: "host:port", "[v6]:port" or "unix:path"';
  if (credentials !== undefined && !(credentials instanceof ServerCredentials)) return `takes ServerCredentials for "${address}"`;
  try {
    parseListenAddress(address);
    return undefined;
  } catch (error) {
    return `is wrong: ${(error as Error).message}`;
  }
}

const OPTIONS: Group = {
  listen,
  insecure: flag,
  autoStart: flag,
  maximumConcurrentRpcs: wholeFrom(1),
  maxWorkers: wholeFrom(1),
  maxQueuedRpcs: wholeFrom(0),
  exposeErrors: flag,
  maxReceiveMessageBytes: bytes,
  maxSendMessageBytes: bytes,
  keepalive: { timeMs: milliseconds, timeoutMs: milliseconds },
  connection: { maxAgeMs: milliseconds, maxAgeGraceMs: milliseconds, maxIdleMs: milliseconds, maxConcurrentStreams: wholeFrom(1) },
  shutdown: { graceMs: milliseconds, handlerGraceMs: milliseconds, signals, drainDelayMs: milliseconds },
};

/** Everything that is wrong with a module's options: one sentence each. */
export function optionProblems(options: object): string[] {
  return problemsIn({ listen: undefined, ...options }, OPTIONS, '').map((problem) => `GrpcServerModule: ${problem}`);
}

function problemsIn(options: object, group: Group, prefix: string): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const check = Object.hasOwn(group, name) ? group[name] : undefined;
    const where = `option "${prefix}${name}"`;
    if (check === undefined) return [`there is no ${where}${hint(name, Object.keys(group))}`];
    if (value === undefined && check !== listen) return [];
    if (typeof check !== 'function') return typeof value === 'object' && value !== null ? problemsIn(value, check, `${prefix}${name}.`) : [`${where} takes an object`];
    const problem = check(value);
    return problem === undefined ? [] : [`${where} ${problem}`];
  });
}

/** Durations carry their unit: `grace` was meant to be `graceMs`. */
function hint(name: string, names: readonly string[]): string {
  return names.includes(`${name}Ms`) ? `: times are in ms and say so. Write "${name}Ms"` : `.${didYouMean(name, names)}`;
}
