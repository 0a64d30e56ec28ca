import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { currentCall } from '../call/current-call.js';
import { globalEnhancerCount } from './nest-internals.js';

/** The applications of this process that may still hold a gate: those that are closed do not. */
const applications = new Set<WeakRef<PipelineState>>();

/**
 * What one application remembers about the pipeline around its handlers. A provider, so two applications in one process
 * have two.
 */
@Injectable()
export class PipelineState implements OnApplicationShutdown {
  readonly #self = new WeakRef(this);
  readonly #globals: (() => number) | undefined;
  #last: { readonly error: unknown } | undefined;

  constructor(creator: ExternalContextCreator) {
    this.#globals = globalEnhancerCount(creator);
    applications.add(this.#self);
  }

  /** @internal */
  onApplicationShutdown(): void {
    applications.delete(this.#self);
  }

  /** Whether it can be known what is bound globally. */
  get readsGlobals(): boolean {
    return this.#globals !== undefined;
  }

  /** Whether global interceptors or filters are, or may be, bound in this application. */
  get hasGlobals(): boolean {
    return this.#globals === undefined || this.#globals() > 0;
  }

  /**
   * Notes an exception that Nest is about to find a filter for. It is remembered for the call that raises it, or, when it
   * comes later (from an Observable), for the rest of this synchronous stretch, in which the engine hears of it.
   *
   * @returns whether it only echoes that the call has ended: Nest would log it as an error of the servicer's
   */
  witness(error: unknown): boolean {
    const call = currentCall.getStore();
    if (call?.application === this && call.raising) call.thrown = { error };
    const seen = { error };
    this.#last = seen;
    queueMicrotask(() => {
      if (this.#last === seen) this.#last = undefined;
    });
    return call?.isEcho(error) ?? false;
  }

  /** The exception noted in this synchronous stretch; forgotten once taken. */
  takeLast(): { readonly error: unknown } | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }
}

/** Whether any application of this process has, or may have, global interceptors or filters. Without one, we cannot know. */
export function anyApplicationHasGlobals(): boolean {
  let alive = false;
  for (const reference of applications) {
    const application = reference.deref();
    if (application === undefined) applications.delete(reference);
    else if (application.hasGlobals) return true;
    else alive = true;
  }
  return !alive;
}
