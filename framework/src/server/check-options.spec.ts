import { ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { optionProblems } from './check-options.js';

describe('design 9, options of GrpcServerModule', () => {
  it.each<[options: object, problem: string]>([
    [{ keepalive: { timeMS: 1 } }, 'there is no option "keepalive.timeMS". Did you mean "timeMs"?'],
    [{ keepalive: { time: 1 } }, 'there is no option "keepalive.time": times are in ms and say so. Write "timeMs"'],
    [{ graceMs: 1 }, 'there is no option "graceMs". Write "shutdown: { graceMs }"'],
    [{ grace: 1 }, 'there is no option "grace". Write "shutdown: { graceMs }"'],
    [{ shutdown: { autoStart: true } }, 'there is no option "shutdown.autoStart". Write "autoStart" at the top'],
    [{ shutdown: { toString: 1 } }, 'there is no option "shutdown.toString".'],
    [{ package: 'hero' }, 'there is no option "package".'],
    [{ listen: undefined }, 'option "listen" is missing; say where to listen, such as "localhost:50051"'],
    [{ listen: 50051 }, 'option "listen" takes addresses: "host:port", "[v6]:port" or "unix:path"'],
    [{ listen: { address: 'localhost:0' } }, 'option "listen" takes { address, credentials } in a list: [{ … }]'],
    [{ listen: [{ adress: 'localhost:0' }] }, 'option "listen" has no "adress". Did you mean "address"?'],
    [{ listen: [{ address: 'a:1', credentials: 1 }] }, 'option "listen" takes ServerCredentials for "a:1"'],
    [
      { listen: 'localhost' },
      'option "listen" is wrong: "localhost" is no address to listen on; write "host:port", "[v6]:port" (port 0 to 65535) or "unix:path"',
    ],
    [{ insecure: 'yes' }, 'option "insecure" takes true or false'],
    [{ autoStart: 0 }, 'option "autoStart" takes true or false'],
    [{ exposeErrors: null }, 'option "exposeErrors" takes true or false'],
    [{ maximumConcurrentRpcs: 0 }, 'option "maximumConcurrentRpcs" takes a whole number from 1'],
    [{ maxWorkers: 1.5 }, 'option "maxWorkers" takes a whole number from 1'],
    [{ maxWorkers: 1, maxQueuedRpcs: -1 }, 'option "maxQueuedRpcs" takes a whole number from 0'],
    [{ maxReceiveMessageBytes: -2 }, 'option "maxReceiveMessageBytes" takes a number of bytes, or -1 for no limit'],
    [{ maxSendMessageBytes: '1' }, 'option "maxSendMessageBytes" takes a number of bytes, or -1 for no limit'],
    [{ keepalive: null }, 'option "keepalive" takes an object'],
    [{ connection: [] }, 'option "connection" takes an object'],
    [{ connection: { maxAgeMs: Infinity } }, 'option "connection.maxAgeMs" takes a number of ms from 0 to 2147483647'],
    [
      { connection: { maxConcurrentStreams: 0 } },
      'option "connection.maxConcurrentStreams" takes a whole number from 1',
    ],
    [{ shutdown: { graceMs: NaN } }, 'option "shutdown.graceMs" takes a number of ms from 0'],
    [{ shutdown: { handlerGraceMs: -1 } }, 'option "shutdown.handlerGraceMs" takes a number of ms from 0'],
    [
      { shutdown: { signals: 'SIGTERM' } },
      `option "shutdown.signals" takes a list of signals, such as ['SIGTERM', 'SIGINT']`,
    ],
    [{ shutdown: { signals: ['TERM'] } }, 'option "shutdown.signals" names "TERM", which is no signal'],
    [
      { shutdown: { signals: ['SIGKILL'] } },
      'option "shutdown.signals" names "SIGKILL", which no process can listen to',
    ],
    [
      { maxQueuedRpcs: 1 },
      'option "maxQueuedRpcs" does nothing without "maxWorkers": calls wait only where workers are bounded',
    ],
    [
      { connection: { maxAgeGraceMs: 1 } },
      'option "connection.maxAgeGraceMs" does nothing without "connection.maxAgeMs": connections grow old only with it',
    ],
    [
      { shutdown: { drainDelayMs: 1, signals: [] } },
      'option "shutdown.drainDelayMs" does nothing without "shutdown.signals": the delay is between a signal and the end',
    ],
  ])('%j', (options, problem) => {
    expect(optionProblems({ listen: 'localhost:0', ...options })).toEqual([`GrpcServerModule: ${problem}`]);
  });

  it.each<[options: unknown, problem: string]>([
    [undefined, "is imported without options; write GrpcServerModule.forRoot({ listen: 'localhost:50051' })"],
    [null, "is imported without options; write GrpcServerModule.forRoot({ listen: 'localhost:50051' })"],
    ['localhost:50051', 'takes its options as an object, not "localhost:50051"'],
    [50051, 'takes its options as an object, not 50051'],
    [{}, 'option "listen" is missing; say where to listen, such as "localhost:50051"'],
  ])('%j in place of options', (options, problem) => {
    expect(optionProblems(options)).toEqual([`GrpcServerModule: ${problem}`]);
  });

  it('all that is wrong, not the first of it', () => {
    expect(optionProblems({ maxWorkers: 0, shutdown: { graceMs: -1, grace: 1 } })).toHaveLength(4);
  });

  it.each<[options: object]>([
    [{ listen: [] }],
    [{ listen: 'unix:/run/app.sock' }],
    [{ listen: ['localhost:0', { address: '[::1]:0', credentials: ServerCredentials.createInsecure() }] }],
    [{ listen: 'localhost:0', maxWorkers: undefined, shutdown: undefined }],
    [{ listen: 'localhost:0', shutdown: { graceMs: Infinity, signals: [] } }],
  ])('nothing is wrong with %j', (options) => {
    expect(optionProblems(options)).toEqual([]);
  });
});
