import { currentCall } from '../call/current-call.js';
import type { Clock, StopTimer } from '../call/clock.js';
import { UsageError } from '../status/usage-error.js';
import type { ServerState } from './server-state.js';

/** What ends when serving ends, in the order in which it is asked. */
export interface Terminable {
  /** Before new calls are refused: health turns, providers hear of it. Waited for at most as long as the grace period. */
  draining(): Promise<void>;
  /** No new calls and connections from here on. */
  refuse(): void;
  /** Resolves when no call is left. */
  idle(): Promise<void>;
  /** Ends the calls that are left. */
  endCalls(): void;
  /** Handlers that did not settle although their calls have ended are given up. */
  giveUp(): void;
  /** Closes what is left of the connections. */
  close(): Promise<void>;
  /** All is over; those who want to know are told. */
  terminated(): Promise<void>;
}

/** Times of {@link Termination}, in ms. */
export interface TerminationTimes {
  /** For `stop()` without an argument. */
  readonly graceMs: number;
  /** How long handlers may take to settle once their calls have ended. */
  readonly handlerGraceMs: number;
}

/** The states of a server and the way from one to the next; grpcio's semantics of start, stop and waiting. */
export class Termination {
  #state: ServerState = 'starting';
  #stopping: Promise<void> | undefined = undefined;
  #endsAt = Infinity;
  #over = false;
  #stopTimer: StopTimer | undefined = undefined;
  readonly #graceOver = deferred();
  readonly #terminated = deferred();
  readonly #controller = new AbortController();

  constructor(
    private readonly port: Terminable,
    private readonly times: TerminationTimes,
    private readonly clock: Clock,
    private readonly entered: (state: ServerState) => void,
  ) {}

  get state(): ServerState {
    return this.#state;
  }

  /** Whether all is over, the hooks of `terminated` too. */
  get isOver(): boolean {
    return this.#over;
  }

  /** Resolves when terminated. */
  get terminated(): Promise<void> {
    return this.#terminated.promise;
  }

  /** Aborts when terminated. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @throws {UsageError} when it was started or stopped before */
  start(): void {
    if (this.#stopping !== undefined) throw new UsageError('The server was stopped; a stopped server cannot be started again');
    if (this.#state !== 'starting') throw new UsageError('Cannot start already-started server!');
    this.#enter('serving');
  }

  /**
   * Ends serving; see `GrpcServer.stop`. Later calls may only shorten the grace period.
   *
   * @param graceMs ms; `null` is none
   * @throws {UsageError} when it is negative or no number
   */
  stop(graceMs: number | null = this.times.graceMs): Promise<void> {
    const ms = graceMs ?? 0;
    if (!(ms >= 0)) throw new UsageError(`The grace period is a number of ms from 0, or null, not ${String(graceMs)}`);
    this.#shorten(this.clock.now() + ms);
    // a handler may stop its own server: what follows is not part of its call
    this.#stopping ??= currentCall.run(undefined, () => this.#run());
    return this.#stopping;
  }

  /** @returns true once terminated, false when `timeoutMs` pass first */
  async awaitTermination(timeoutMs: number): Promise<boolean> {
    if (this.#over) return true;
    // a pending promise does not keep the process alive, a timer does
    const timeout = deferred();
    const stopTimer = this.clock.setTimeout(timeout.resolve, timeoutMs === Infinity ? KEEP_ALIVE_MS : timeoutMs);
    try {
      await Promise.race([this.#terminated.promise, timeout.promise]);
      return this.isOver;
    } finally {
      stopTimer();
    }
  }

  #enter(state: ServerState): void {
    this.#state = state;
    this.entered(state);
  }

  /** The smallest grace wins. */
  #shorten(endsAt: number): void {
    if (endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    this.#stopTimer?.();
    const leftMs = endsAt - this.clock.now();
    if (leftMs <= 0) this.#graceOver.resolve();
    else this.#stopTimer = this.clock.setTimeout(this.#graceOver.resolve, leftMs);
  }

  async #run(): Promise<void> {
    this.#enter('draining');
    await Promise.race([this.port.draining(), this.#graceOver.promise]);
    this.port.refuse();
    await Promise.race([this.port.idle(), this.#graceOver.promise]);
    this.#stopTimer?.();
    this.#enter('closing');
    this.port.endCalls();
    if (!(await this.#within(this.port.idle(), this.times.handlerGraceMs))) this.port.giveUp();
    await this.port.close();
    this.#enter('terminated');
    await this.#within(this.port.terminated(), this.times.handlerGraceMs);
    this.#over = true;
    this.#controller.abort();
    this.#terminated.resolve();
  }

  async #within(done: Promise<void>, timeoutMs: number): Promise<boolean> {
    const timeout = deferred();
    const stopTimer = this.clock.setTimeout(timeout.resolve, timeoutMs);
    const inTime = await Promise.race([done.then(() => true), timeout.promise.then(() => false)]);
    stopTimer();
    return inTime;
  }
}

/** Far enough: a year. */
const KEEP_ALIVE_MS = 365 * 24 * 3_600_000;

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
