import { constants } from 'node:os';
import { ServerCredentials } from '@grpc/grpc-js';
import { MAX_TIMER_MS } from '../call/clock.js';
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
    Number.isInteger(value) && Number(value) >= minimum ? undefined : `takes a whole number from ${minimum}`;

const milliseconds: Check = (value) =>
  typeof value === 'number' && value >= 0 ? undefined : 'takes a number of ms from 0';

/** For timers that grpc-js sets: a longer one fires at once. */
const timerMilliseconds: Check = (value) =>
  typeof value === 'number' && value >= 0 && value <= MAX_TIMER_MS
    ? undefined
    : `takes a number of ms from 0 to ${MAX_TIMER_MS}`;

const bytes: Check = (value) =>
  Number.isInteger(value) && Number(value) >= -1 ? undefined : 'takes a number of bytes, or -1 for no limit';

const signals: Check = (value) => {
  if (!Array.isArray(value)) return "takes a list of signals, such as ['SIGTERM', 'SIGINT']";
  const unknown: unknown = value.find((name: unknown) => typeof name !== 'string' || !(name in constants.signals));
  if (unknown !== undefined) return `names ${show(unknown)}, which is no signal`;
  const deaf: unknown = value.find((name: unknown) => name === 'SIGKILL' || name === 'SIGSTOP');
  return deaf === undefined ? undefined : `names ${show(deaf)}, which no process can listen to`;
};

const listen: Check = (value) => {
  if (value === undefined) return 'is missing; say where to listen, such as "localhost:50051"';
  if (isGroup(value)) return 'takes { address, credentials } in a list: [{ … }]';
  const entries: unknown[] = Array.isArray(value) ? value : [value];
  return entries.map(listenEntryProblem).find((problem) => problem !== undefined);
};

function listenEntryProblem(entry: unknown): string | undefined {
  const { address, credentials, ...rest } = isGroup(entry) ? entry : { address: entry };
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return `has no "${unknown}".${didYouMean(unknown, ['address', 'credentials'])}`;
  if (typeof address !== 'string') return 'takes addresses: "host:port", "[v6]:port" or "unix:path"';
  if (credentials !== undefined && !(credentials instanceof ServerCredentials)) {
    return `takes ServerCredentials for "${address}"`;
  }
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
  keepalive: { timeMs: timerMilliseconds, timeoutMs: timerMilliseconds },
  connection: {
    maxAgeMs: timerMilliseconds,
    maxAgeGraceMs: timerMilliseconds,
    maxIdleMs: timerMilliseconds,
    maxConcurrentStreams: wholeFrom(1),
  },
  shutdown: { graceMs: milliseconds, handlerGraceMs: milliseconds, signals, drainDelayMs: milliseconds },
};

/** Everything that is wrong with a module's options: one sentence each. @param options `undefined` when it has none */
export function optionProblems(options: unknown): string[] {
  return problemsOf(options).map((problem) => `GrpcServerModule: ${problem}`);
}

function problemsOf(options: unknown): string[] {
  if (options === undefined || options === null) {
    return ["is imported without options; write GrpcServerModule.forRoot({ listen: 'localhost:50051' })"];
  }
  if (!isGroup(options)) return [`takes its options as an object, not ${show(options)}`];
  return [...problemsIn({ listen: undefined, ...options }, OPTIONS, []), ...inoperative(options)];
}

function problemsIn(options: Readonly<Record<string, unknown>>, group: Group, path: readonly string[]): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const check = Object.hasOwn(group, name) ? group[name] : undefined;
    const where = `option "${[...path, name].join('.')}"`;
    if (check === undefined) return [`there is no ${where}${hint(name, group)}`];
    if (value === undefined && check !== listen) return [];
    if (typeof check !== 'function') {
      return isGroup(value) ? problemsIn(value, check, [...path, name]) : [`${where} takes an object`];
    }
    const problem = check(value);
    return problem === undefined ? [] : [`${where} ${problem}`];
  });
}

/** Durations carry their unit: `grace` was meant to be `graceMs`. A name of another group is said to be there. */
function hint(name: string, group: Group): string {
  const unit = Object.hasOwn(group, `${name}Ms`) ? ': times are in ms and say so' : undefined;
  if (unit !== undefined) return `${unit}. Write "${name}Ms"`;
  const elsewhere = pathsIn(OPTIONS).find((path) => path.at(-1) === name || path.at(-1) === `${name}Ms`);
  return elsewhere === undefined ? `.${didYouMean(name, Object.keys(group))}` : `. Write ${nested(elsewhere)}`;
}

/** `shutdown: { graceMs }`, or the bare name at the top. */
function nested([first = '', ...rest]: readonly string[]): string {
  return rest.length === 0 ? `"${first}" at the top` : `"${first}: { ${rest.join('.')} }"`;
}

function pathsIn(group: Group): string[][] {
  return Object.entries(group).flatMap(([name, check]) =>
    typeof check === 'function' ? [[name]] : pathsIn(check).map((path) => [name, ...path]),
  );
}

/** Options that do nothing without another one: both by path, and why. */
const NEEDS: readonly [option: string, other: string, why: string][] = [
  ['maxQueuedRpcs', 'maxWorkers', 'calls wait only where workers are bounded'],
  ['connection.maxAgeGraceMs', 'connection.maxAgeMs', 'connections grow old only with it'],
  ['shutdown.drainDelayMs', 'shutdown.signals', 'the delay is between a signal and the end'],
];

function inoperative(options: object): string[] {
  return NEEDS.filter(([option, other]) => isGiven(options, option) && !isGiven(options, other)).map(
    ([option, other, why]) => `option "${option}" does nothing without "${other}": ${why}`,
  );
}

/** Whether an option says something; an empty list does not. */
function isGiven(options: object, path: string): boolean {
  const value = path.split('.').reduce<unknown>((at, name) => (isGroup(at) ? at[name] : undefined), options);
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value);
}
