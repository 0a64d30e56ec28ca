import type { LoggerService } from '@nestjs/common';
import type { Clock } from '../call/clock.js';
import type { PipelineState } from '../decorators/pipeline-state.js';
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
  /** How long to go on taking calls once draining, in ms. */
  #lameDuckMs = 0;

  constructor(
    private readonly options: GrpcServerOptions,
    pipeline: PipelineState,
    private readonly clock: Clock,
    private readonly logger: LoggerService,
    private readonly audience: ServerAudience,
  ) {
    const { graceMs = DEFAULT_GRACE_MS, handlerGraceMs = DEFAULT_HANDLER_GRACE_MS, signals = [] } = options.shutdown ?? {};
    this.engine = new GrpcJsEngine(transportOptions(options), clock);
    this.listening = new Listening(this.engine, options, logger, clock);
    this.#dispatcher = new CallDispatcher(dispatchLimits(options), this.#registry, pipeline, logger, clock);
    this.termination = new Termination(this, { graceMs, handlerGraceMs }, clock, (state) => this.audience.entered(state));
    this.#signals = new ShutdownSignals(
      signals,
      (signal) => this.#onFirstSignal(signal, graceMs),
      (signal) => this.#onSecondSignal(signal),
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

  async draining(): Promise<void> {
    await this.audience.draining();
    if (this.#lameDuckMs > 0) await new Promise<void>((resolve) => this.clock.setTimeout(resolve, this.#lameDuckMs));
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

  giveUp(): void {
    const stuck = [...this.#registry.countByPath()].map(([path, count]) => `${path} (${count})`);
    this.logger.error(`Handlers did not settle although their calls have ended; they are given up: ${stuck.join(', ')}. Let them end when context.signal aborts.`);
  }

  close(): Promise<void> {
    return this.listening.close();
  }

  async terminated(): Promise<void> {
    this.#signals.remove();
    await this.audience.terminated();
  }

  #onFirstSignal(signal: NodeJS.Signals, graceMs: number): void {
    this.#lameDuckMs = this.options.shutdown?.drainDelayMs ?? 0;
    this.logger.log(`${signal}: stopping; a second signal stops at once`);
    void this.termination.stop(this.#lameDuckMs + graceMs);
  }

  #onSecondSignal(signal: NodeJS.Signals): void {
    this.logger.warn(`${signal} again: stopping now`);
    void this.termination.stop(null);
  }
}

function transportOptions({ keepalive = {}, connection = {}, ...options }: GrpcServerOptions): ConstructorParameters<typeof GrpcJsEngine>[0] {
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
