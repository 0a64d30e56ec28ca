import type { LoggerService } from '@nestjs/common';
import type { Clock } from '../call/clock.js';
import type { PipelineState } from '../decorators/pipeline-state.js';
import { stackOf, textOf } from '../status/text-of.js';
import { CallRegistry } from '../termination/call-registry.js';
import type { ServerState } from '../termination/server-state.js';
import { ShutdownSignals } from '../termination/shutdown-signals.js';
import { Termination, type Terminable } from '../termination/termination.js';
import type { BoundMethod } from './bound-method.js';
import { CallDispatcher } from './call-dispatcher.js';
import { GrpcJsEngine } from './grpc-js-engine.js';
import type { GrpcServerOptions } from './grpc-server.options.js';
import { Listening } from './listening.js';

const DEFAULT_GRACE_MS = 10_000;
const DEFAULT_HANDLER_GRACE_MS = 5_000;
const DEFAULT_MAX_RECEIVE_BYTES = 4 * 1024 * 1024;
const DEFAULT_KEEPALIVE_TIME_MS = 120_000;
const DEFAULT_KEEPALIVE_TIMEOUT_MS = 20_000;
const DEFAULT_MAX_QUEUED = 10_000;

/** Who hears how far the server is. */
export interface ServerAudience {
  entered(state: ServerState): void;
  draining(): Promise<void>;
  terminated(): Promise<void>;
}

/** The parts of one server and how they end together; `GrpcServer` is its face to Nest and to users. */
export class ServerRuntime implements Terminable {
  readonly engine: GrpcJsEngine;
  readonly listening: Listening;
  readonly termination: Termination;
  readonly #registry = new CallRegistry();
  readonly #dispatcher: CallDispatcher;
  readonly #signals: ShutdownSignals;

  constructor(
    options: GrpcServerOptions,
    pipeline: PipelineState,
    clock: Clock,
    private readonly logger: LoggerService,
    private readonly audience: ServerAudience,
  ) {
    const { shutdown = {} } = options;
    const { graceMs = DEFAULT_GRACE_MS, handlerGraceMs = DEFAULT_HANDLER_GRACE_MS } = shutdown;
    this.engine = new GrpcJsEngine(transportOptions(options), clock);
    this.listening = new Listening(this.engine, options, logger, clock, (cause) => this.termination.crash(cause));
    this.#dispatcher = new CallDispatcher(dispatchLimits(options), this.#registry, pipeline, logger, clock);
    this.termination = new Termination(this, { graceMs, handlerGraceMs }, clock);
    this.#signals = new ShutdownSignals(
      shutdown.signals ?? [],
      (signal) => this.#onFirstSignal(signal, graceMs, shutdown.drainDelayMs),
      (signal) => this.#onSecondSignal(signal),
      clock,
    );
  }

  add(method: BoundMethod): void {
    this.engine.add(method.schema.path, this.#dispatcher.entryOf(method));
  }

  start(): void {
    this.termination.start();
    this.#signals.install();
    this.listening.serve();
  }

  // --- Terminable

  entered(state: ServerState): void {
    this.audience.entered(state);
  }

  draining(): Promise<void> {
    return this.audience.draining();
  }

  refuse(): void {
    this.#dispatcher.refusing = true;
    this.listening.refuse();
  }

  idle(): Promise<void> {
    return this.#registry.empty();
  }

  endCalls(): void {
    this.#registry.endAll();
    // a status behind a closed window reaches nobody: after a short time to flush such calls are dropped
    if (this.#registry.size > 0) this.listening.drop();
  }

  settled(): Promise<void> {
    return this.#registry.allSettled();
  }

  giveUp(): void {
    const stuck = [...this.#registry.runningByPath()].map(([path, count]) => `${path} (${count})`).sort();
    this.logger.error(
      `Handlers did not settle although their calls have ended; they are given up: ${stuck.join(', ')}. Let them end when context.signal aborts.`,
    );
  }

  close(): Promise<void> {
    return this.listening.close();
  }

  async terminated(): Promise<void> {
    this.#signals.remove();
    await this.audience.terminated();
  }

  failed(error: unknown): void {
    this.logger.error(textOf(error), stackOf(error));
  }

  #onFirstSignal(signal: NodeJS.Signals, graceMs: number, drainDelayMs?: number): void {
    this.logger.log(`${signal}: stopping; a second signal stops at once`);
    void this.termination.stop(graceMs, drainDelayMs);
  }

  #onSecondSignal(signal: NodeJS.Signals): void {
    this.logger.warn(`${signal} again: stopping now`);
    void this.termination.stop(null);
  }
}

function transportOptions({
  keepalive = {},
  connection = {},
  ...options
}: GrpcServerOptions): ConstructorParameters<typeof GrpcJsEngine>[0] {
  return {
    maxReceiveMessageBytes: options.maxReceiveMessageBytes ?? DEFAULT_MAX_RECEIVE_BYTES,
    maxSendMessageBytes: options.maxSendMessageBytes ?? -1,
    maxConcurrentStreams: connection.maxConcurrentStreams,
    keepaliveTimeMs: keepalive.timeMs ?? DEFAULT_KEEPALIVE_TIME_MS,
    keepaliveTimeoutMs: keepalive.timeoutMs ?? DEFAULT_KEEPALIVE_TIMEOUT_MS,
    maxConnectionAgeMs: connection.maxAgeMs,
    maxConnectionAgeGraceMs: connection.maxAgeGraceMs,
    maxConnectionIdleMs: connection.maxIdleMs,
  };
}

function dispatchLimits(options: GrpcServerOptions): ConstructorParameters<typeof CallDispatcher>[0] {
  return {
    maximumConcurrentRpcs: options.maximumConcurrentRpcs,
    maxWorkers: options.maxWorkers,
    maxQueuedRpcs: options.maxQueuedRpcs ?? DEFAULT_MAX_QUEUED,
    exposeErrors: options.exposeErrors ?? false,
  };
}
