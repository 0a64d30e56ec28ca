import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import {
  Inject,
  Injectable,
  Logger,
  Optional,
  type INestApplication,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { Server, type AsyncMicroserviceOptions, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Clock } from '../call/clock.js';
import { DeclarationError } from '../decorators/declaration-error.js';
import { PipelineState } from '../decorators/pipeline-state.js';
import { SERVICER_TRANSPORT } from '../decorators/pattern.js';
import { UsageError } from '../status/usage-error.js';
import { runHooks } from '../termination/lifecycle-hooks.js';
import type { ServerState } from '../termination/server-state.js';
import { applicationHooks } from './application-classes.js';
import { optionProblems } from './check-options.js';
import { CLOCK } from './clock.token.js';
import { GRPC_SERVER_OPTIONS, type GrpcServerOptions } from './grpc-server.options.js';
import type { ServerFeature } from './server-feature.js';
import { ServerRuntime } from './server-runtime.js';
import { warnIfUnbound } from './unbound-warning.js';
import { ServiceTable } from './service-table.js';

/** What {@link GrpcServer.on} tells about: the states, as they are entered. */
export type GrpcServerEvents = Record<ServerState, () => void>;

/** What `app.listen()` resolves to. */
export interface ListenResult {
  /** The first port; 0 without one. */
  readonly port: number;
  readonly ports: readonly number[];
  /** What is bound, in gRPC's form: `ipv4:127.0.0.1:50051`. */
  readonly endpoints: readonly string[];
}

/**
 * The gRPC server of an application: a Nest transport strategy that comes out of the container.
 *
 * ```ts
 * const app = await NestFactory.createMicroservice(AppModule, GrpcServer.strategy());
 * await app.listen();
 * await app.get(GrpcServer).awaitTermination();
 * ```
 */
@Injectable()
export class GrpcServer
  extends Server<GrpcServerEvents, ServerState>
  implements CustomTransportStrategy, OnApplicationBootstrap, OnModuleDestroy
{
  /** What `createMicroservice` takes to serve the application's servicers. */
  static strategy(): AsyncMicroserviceOptions {
    return { inject: [ModuleRef], useFactory: (container: ModuleRef) => ({ strategy: serverOf(container) }) };
  }

  /**
   * Adds the server to an HTTP application, with the application's global guards, pipes, interceptors and filters.
   * `app.startAllMicroservices()` then binds it, and it serves once the application is bootstrapped.
   */
  static connect(app: INestApplication): GrpcServer {
    app.connectMicroservice(GrpcServer.strategy(), { inheritAppConfig: true });
    return app.get(GrpcServer);
  }

  override readonly transportId = SERVICER_TRANSPORT;
  readonly #events = new EventEmitter();
  readonly #features: ServerFeature[] = [];
  readonly #log = new Logger(GrpcServer.name);
  readonly #options: GrpcServerOptions;
  readonly #optionProblems: readonly string[];
  readonly #runtime: ServerRuntime;
  #bound = false;
  #bootstrapped = false;

  constructor(
    // a module that is imported without options is told so by listen(), with all else that is wrong
    @Optional() @Inject(GRPC_SERVER_OPTIONS) options: unknown,
    private readonly modules: ModulesContainer,
    pipeline: PipelineState,
    @Inject(CLOCK) clock: Clock,
  ) {
    super();
    this._status$.next('starting');
    this.#optionProblems = optionProblems(options);
    this.#options = this.#optionProblems.length === 0 ? (options as GrpcServerOptions) : { listen: [] };
    this.#runtime = new ServerRuntime(this.#options, pipeline, clock, this.#log, {
      entered: (state) => this.#entered(state),
      draining: () => this.#tell('onDraining', 'onServerDraining'),
      terminated: () => this.#tell('onTerminated', 'onServerTerminated'),
    });
  }

  /** The bound ports, each once; known before a call is served. */
  get ports(): readonly number[] {
    return this.#runtime.listening.ports;
  }

  get state(): ServerState {
    return this.#runtime.termination.state;
  }

  /** Resolves when no call, connection or listener is left. */
  get terminated(): Promise<void> {
    return this.#runtime.termination.terminated;
  }

  /** Aborts when {@link terminated} resolves. */
  get signal(): AbortSignal {
    return this.#runtime.termination.signal;
  }

  /** Adds a feature. @throws {UsageError} when the server listens already */
  use(feature: ServerFeature): this {
    if (this.#bound) throw new UsageError(`The feature ${feature.name} comes too late: add it before app.listen()`);
    this.#features.push(feature);
    return this;
  }

  /**
   * Begins to serve; an application does so by itself unless `autoStart` is false. Resolves when the features and the
   * `OnServerServing` providers have been told.
   *
   * @throws {UsageError} when it listens nowhere yet, or was started or stopped before
   */
  async start(): Promise<void> {
    if (!this.#bound)
      throw new UsageError(
        'The server is not bound yet: await app.listen() (in a hybrid application app.startAllMicroservices()) first',
      );
    this.#runtime.start();
    await this.#tell('onServing', 'onServerServing');
  }

  /**
   * Ends serving: new calls are refused, those under way get the grace period, the rest end as UNAVAILABLE "Cancelling all
   * calls" with their signals aborted; then handlers that have not settled get `shutdown.handlerGraceMs`. A second call
   * joins the first, and the smallest grace period wins.
   *
   * @param graceMs ms; `null` is none. Default `shutdown.graceMs`
   * @returns resolves when terminated
   * @throws {UsageError} when `graceMs` is negative or no number
   */
  stop(graceMs?: number | null): Promise<void> {
    return this.#runtime.termination.stop(graceMs);
  }

  /**
   * Waits until the server has terminated; any number of callers may. While one waits the process stays alive.
   *
   * @param options.timeoutMs ms to wait at most. Default: for ever
   * @returns true once terminated, false when the time is up first (as Java reads the name; Python's is the opposite)
   * @throws {UsageError} when `timeoutMs` is no number
   * @throws {ServerCrashedError} when serving ended by itself
   */
  awaitTermination({ timeoutMs = Infinity }: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    return this.#runtime.termination.awaitTermination(timeoutMs);
  }

  /** Ends serving at once, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(null);
  }

  /** Serves a connection that came in by another way than a listener, such as one end of a `duplexPair()`. */
  accept(connection: Duplex): void {
    if (!((connection as unknown) instanceof Duplex))
      throw new UsageError('accept() takes a connection: a socket, or one end of a duplexPair()');
    const { listening } = this.#runtime;
    if (!listening.isOpen)
      throw new UsageError(`The server is ${this.state}; it takes connections while it is serving`);
    listening.accept(connection);
  }

  // --- what Nest asks of a strategy

  /** @internal Called by `app.listen()`. */
  override listen(done: (error?: unknown, result?: ListenResult) => void): void {
    this.#listen().then(
      (result) => done(undefined, result),
      (error: unknown) => done(error),
    );
  }

  /** Called by `app.close()`: {@link stop} with the module's grace period. In preview mode there is nothing to end. */
  override close(): Promise<void> {
    return #runtime in this ? this.stop() : Promise.resolve();
  }

  /** Calls `listener` when the server enters a state. */
  override on<Event extends ServerState>(event: Event, listener: GrpcServerEvents[Event]): this {
    this.#events.on(event, listener);
    return this;
  }

  /** grpc-js' server: `unwrap<grpc.Server>()`. */
  override unwrap<T>(): T {
    return this.#runtime.engine.core as T;
  }

  /** In preview mode Nest hands out an instance whose constructor never ran. */
  override addHandler(...args: Parameters<Server['addHandler']>): void {
    if ((this.messageHandlers as unknown) !== undefined) super.addHandler(...args);
  }

  /** @internal */
  async onApplicationBootstrap(): Promise<void> {
    this.#bootstrapped = true;
    if (this.#bound) await this.#autoStart();
    else warnIfUnbound(() => !this.#bound && this.state === 'starting', this.#log);
  }

  /** @internal The module that holds the server is the first that Nest destroys. */
  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  async #listen(): Promise<ListenResult> {
    const table = new ServiceTable(this.modules);
    table.addServicers(this.messageHandlers);
    for (const feature of this.#features) table.addFeature(feature);
    const problems = [...this.#optionProblems, ...table.problems];
    if (problems.length > 0) throw new DeclarationError(problems);
    for (const warning of table.warnings) this.#log.warn(warning);
    for (const entry of table.entries) {
      this.#runtime.add(entry);
      this.#log.log(`Mapped {${entry.schema.path}, ${entry.schema.kind}} to ${entry.servedBy}`);
    }
    await this.#runtime.listening.bind();
    this.#bound = true;
    if (this.#bootstrapped) await this.#autoStart();
    const { ports, endpoints } = this.#runtime.listening;
    return { port: ports[0] ?? 0, ports, endpoints };
  }

  async #autoStart(): Promise<void> {
    if (this.#options.autoStart !== false && this.state === 'starting') await this.start();
  }

  #entered(state: ServerState): void {
    this._status$.next(state);
    this.#log.log(
      state === 'serving'
        ? `Serving on ${this.#runtime.listening.endpoints.join(', ') || 'no address'}`
        : `Server is ${state}`,
    );
    // one by one: what a listener throws must keep neither the others nor the server from going on
    const listeners = this.#events.listeners(state) as GrpcServerEvents[ServerState][];
    void runHooks(
      listeners.map((run) => ({ owner: `a listener of "${state}"`, run })),
      this.#log,
    );
  }

  #tell(feature: 'onServing' | 'onDraining' | 'onTerminated', provider: string): Promise<void> {
    const features = this.#features.map((one) => ({ owner: `${one.name}.${feature}()`, run: () => one[feature]?.() }));
    return runHooks([...features, ...applicationHooks(this.modules, provider)], this.#log);
  }
}

function serverOf(container: ModuleRef): GrpcServer {
  try {
    return container.get(GrpcServer, { strict: false });
  } catch (cause) {
    throw new UsageError(
      "GrpcServer is not in this application. Add it to the imports of the root module: imports: [GrpcServerModule.forRoot({ listen: 'localhost:50051' })]",
      { cause },
    );
  }
}
