import { currentCall } from '../call/current-call.js';
import type { Clock } from '../call/clock.js';
import { UsageError } from '../status/usage-error.js';
import { deferred } from './deferred.js';
import { Expiry } from './expiry.js';
import { ServerCrashedError } from './server-crashed-error.js';
import type { ServerState } from './server-state.js';
import { Waiters } from './waiters.js';

/** What ends when serving ends, in the order in which it is asked. What it throws is reported and stops nothing. */
export interface Terminable {
  /** Who cares hears of a state as it is entered. */
  entered(state: ServerState): void;
  /**
   * Before new calls are refused, where any were served: health turns, providers hear of it. Waited for at most as long as
   * the grace period.
   */
  draining(): Promise<void>;
  /** No new calls and connections from here on. */
  refuse(): void;
  /** Resolves when no call is left. */
  idle(): Promise<void>;
  /** Ends the calls that are left. */
  endCalls(): void;
  /** Resolves when every handler has settled. */
  settled(): Promise<void>;
  /** Handlers that did not settle although their calls have ended are given up. */
  giveUp(): void;
  /** Closes what is left of the connections. */
  close(): Promise<void>;
  /** All is over; those who want to know are told. */
  terminated(): Promise<void>;
  /** One of the above threw, or serving crashed. */
  failed(error: unknown): void;
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
  #over = false;
  #crash: ServerCrashedError | undefined = undefined;
  readonly #drainDelay: Expiry;
  readonly #grace: Expiry;
  readonly #waiters: Waiters;
  readonly #terminated = deferred();
  readonly #controller = new AbortController();

  constructor(
    private readonly port: Terminable,
    private readonly times: TerminationTimes,
    private readonly clock: Clock,
  ) {
    this.#drainDelay = new Expiry(clock);
    this.#grace = new Expiry(clock);
    this.#waiters = new Waiters(clock);
  }

  get state(): ServerState {
    return this.#state;
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
    if (this.#stopping !== undefined) {
      throw new UsageError('The server was stopped; a stopped server cannot be started again');
    }
    if (this.#state !== 'starting') throw new UsageError('Cannot start already-started server!');
    this.#enter('serving');
  }

  /**
   * Ends serving; see `GrpcServer.stop`. Later calls may only shorten the times.
   *
   * @param graceMs ms; `null` is none
   * @param drainDelayMs ms to go on taking calls before the grace period begins
   * @throws {UsageError} when the grace period is negative or no number
   */
  async stop(graceMs: number | null = this.times.graceMs, drainDelayMs = 0): Promise<void> {
    const ms: unknown = graceMs ?? 0;
    if (typeof ms !== 'number' || !(ms >= 0)) {
      throw new UsageError(`The grace period is a number of ms from 0, or null, not ${String(ms)}`);
    }
    // a handler may stop its own server: what follows is not part of its call
    await currentCall.run(undefined, () => {
      this.#drainDelay.within(drainDelayMs);
      this.#grace.within(drainDelayMs + ms);
      return (this.#stopping ??= this.#run());
    });
  }

  /** Serving ended by itself: what is left ends at once, and those who wait get the error. */
  crash(cause: unknown): void {
    if (this.#stopping !== undefined) return;
    this.#crash = new ServerCrashedError(cause);
    this.port.failed(this.#crash);
    void this.stop(null);
  }

  /**
   * @param timeoutMs ms; from 0 down the answer comes at once
   * @returns true once terminated, false when `timeoutMs` pass first
   * @throws {UsageError} when `timeoutMs` is no number
   * @throws {ServerCrashedError} when serving ended by itself
   */
  async awaitTermination(timeoutMs: number): Promise<boolean> {
    if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) {
      throw new UsageError(`timeoutMs is a number of ms, not ${String(timeoutMs)}`);
    }
    if (!this.#over) return timeoutMs <= 0 ? false : this.#waiters.wait(timeoutMs);
    if (this.#crash !== undefined) throw this.#crash;
    return true;
  }

  async #run(): Promise<void> {
    const served = this.#state === 'serving';
    this.#enter('draining');
    await Promise.race([this.#drain(served), this.#grace.passed]);
    await this.#step(() => this.port.refuse());
    await Promise.race([this.#step(() => this.port.idle()), this.#grace.passed]);
    this.#drainDelay.cancel();
    this.#grace.cancel();
    await this.#close();
    this.#enter('terminated');
    await this.#within(() => this.port.terminated(), this.times.handlerGraceMs);
    this.#finish();
  }

  async #drain(served: boolean): Promise<void> {
    // who was never told that calls are served need not hear that they will not be
    if (served) await this.#step(() => this.port.draining());
    await this.#drainDelay.passed;
  }

  async #close(): Promise<void> {
    const { handlerGraceMs } = this.times;
    this.#enter('closing');
    await this.#step(() => this.port.endCalls());
    const settled = await this.#within(() => this.port.settled(), handlerGraceMs);
    if (!settled) await this.#step(() => this.port.giveUp());
    await this.#step(() => this.port.close());
    // what the closed connections leave on the wire ends in the next turns of the loop
    if (settled) await this.#within(() => this.port.idle(), handlerGraceMs);
  }

  #finish(): void {
    this.#over = true;
    this.#controller.abort();
    this.#terminated.resolve();
    this.#waiters.tellAll(this.#crash);
  }

  #enter(state: ServerState): void {
    this.#state = state;
    try {
      this.port.entered(state);
    } catch (error) {
      this.port.failed(error);
    }
  }

  /** A step that fails must not keep the next from being taken: a server that cannot be ended is worse. */
  async #step(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.port.failed(error);
    }
  }

  /** @returns whether the step was over in time */
  async #within(step: () => Promise<void>, timeoutMs: number): Promise<boolean> {
    const timeout = deferred();
    const stopTimer = this.clock.setTimeout(timeout.resolve, timeoutMs);
    const inTime = await Promise.race([this.#step(step).then(() => true), timeout.promise.then(() => false)]);
    stopTimer();
    return inTime;
  }
}
