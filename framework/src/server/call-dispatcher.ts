import type { LoggerService } from '@nestjs/common';
import type { Clock } from '../call/clock.js';
import type { IncomingCall, MethodEntry } from '../call/incoming-call.js';
import type { PipelineState } from '../decorators/pipeline-state.js';
import type { MethodKind } from '../schema/service-schema.js';
import { StatusCode } from '../status/status-code.js';
import type { CallRegistry } from '../termination/call-registry.js';
import { ArrivingCall } from './arriving-call.js';
import type { BoundMethod } from './bound-method.js';
import type { CallHost } from './call-host.js';
import { serveBidiStream } from './serve-bidi-stream.js';
import { serveCall, type Serve } from './serve-call.js';
import { serveClientStream } from './serve-client-stream.js';
import { serveServerStream } from './serve-server-stream.js';
import { serveUnary } from './serve-unary.js';
import { ServedCall } from './served-call.js';
import { WorkerGate } from './worker-gate.js';

const SERVE: Readonly<Record<MethodKind, Serve>> = {
  unary: serveUnary,
  serverStream: serveServerStream,
  clientStream: serveClientStream,
  bidiStream: serveBidiStream,
};

/** What bounds the calls of a server. */
export interface DispatchLimits {
  readonly maximumConcurrentRpcs: number | undefined;
  readonly maxWorkers: number | undefined;
  readonly maxQueuedRpcs: number;
  readonly exposeErrors: boolean;
}

/** Lets calls in or refuses them, starts their handlers, and keeps count until both are over. */
export class CallDispatcher implements CallHost {
  readonly exposeErrors: boolean;
  /** Set when the server no longer takes new calls. */
  refusing = false;
  #slots = 0;
  readonly #workers: WorkerGate<ServedCall> | undefined;

  constructor(
    private readonly limits: DispatchLimits,
    private readonly registry: CallRegistry,
    private readonly pipeline: PipelineState,
    readonly logger: LoggerService,
    readonly clock: Clock,
  ) {
    this.exposeErrors = limits.exposeErrors;
    if (limits.maxWorkers !== undefined) this.#workers = new WorkerGate(limits.maxWorkers, limits.maxQueuedRpcs);
  }

  get application(): object {
    return this.pipeline;
  }

  takeWitnessed(): { readonly error: unknown } | undefined {
    return this.pipeline.takeLast();
  }

  /** What the engine does with a call of this method. */
  entryOf(method: BoundMethod): MethodEntry {
    const serve = SERVE[method.schema.kind];
    const { requestStream, responseStream, request } = method.schema;
    return {
      requestStream,
      responseStream,
      onOpen: (incoming) => {
        if (this.refusing) return this.#refuse(incoming);
        const call = this.#admit(incoming, method);
        if (call !== undefined) this.#start(call, undefined, serve);
      },
      onArriving: (incoming) => {
        if (this.refusing) this.#refuse(incoming);
        else new ArrivingCall(incoming, this.registry);
      },
      onRequest: (incoming, bytes) => {
        const arriving = incoming.sink as ArrivingCall;
        const call = this.#admit(incoming, method);
        if (call === undefined) return;
        this.registry.leave(arriving);
        let message: unknown;
        try {
          message = request.decode(bytes);
        } catch (cause) {
          call.finish(call.undecodable(cause));
          return call.settle();
        }
        this.#start(call, message, serve);
      },
    };
  }

  withdrawn(call: ServedCall): void {
    if (this.#workers?.withdraw(call)) call.settle();
  }

  settled(call: ServedCall): void {
    this.#slots -= 1;
    this.registry.settled(call);
    this.#workers?.leave(call);
  }

  left(call: ServedCall): void {
    this.registry.leave(call);
  }

  /** The slot that a call takes here is its own until its handler has settled, whatever becomes of the call (W33). */
  #admit(incoming: IncomingCall, method: BoundMethod): ServedCall | undefined {
    const { maximumConcurrentRpcs = Infinity } = this.limits;
    if (this.#slots >= maximumConcurrentRpcs) {
      incoming.sendStatus({ code: StatusCode.RESOURCE_EXHAUSTED, details: 'Concurrent RPC limit exceeded!' });
      return undefined;
    }
    this.#slots += 1;
    const call = new ServedCall(incoming, method, this);
    this.registry.enter(call);
    return call;
  }

  #refuse(incoming: IncomingCall): void {
    incoming.sendStatus({ code: StatusCode.UNAVAILABLE, details: 'The server is shutting down' });
  }

  #start(call: ServedCall, request: unknown, serve: Serve): void {
    if (this.#workers === undefined) return serveCall(call, request, serve);
    if (this.#workers.enter(call, () => serveCall(call, request, serve))) return;
    call.finish({ code: StatusCode.RESOURCE_EXHAUSTED, details: 'Too many calls are waiting for a worker' });
    call.settle();
  }
}
