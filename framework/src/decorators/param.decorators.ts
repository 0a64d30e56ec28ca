import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { ServicerContext } from '../call/servicer-context.js';

/** Takes a value out of the call that Nest hands to a parameter decorator. */
type Source = (data: string | undefined, host: ExecutionContext) => unknown;

const sources = new WeakSet<Source>();

function fromContext(
  read: (context: ServicerContext, data: string | undefined) => unknown,
): (data?: string) => ParameterDecorator {
  const source: Source = (data, host) => read(host.switchToRpc().getContext<ServicerContext>(), data);
  sources.add(source);
  return createParamDecorator(source);
}

/** Whether a parameter decorator's factory is of one of those below. */
export function isOwnSource(factory: unknown): boolean {
  return typeof factory === 'function' && sources.has(factory as Source);
}

const invocationMetadata = fromContext((context, key) => {
  const metadata = context.invocationMetadata();
  return key === undefined ? metadata : metadata.get(key);
});
const deadline = fromContext((context) => {
  const leftMs = context.timeRemainingMs();
  return leftMs === null ? null : new Date(Date.now() + leftMs);
});
const signal = fromContext((context) => context.signal);
const peer = fromContext((context) => context.peer());

/** The request, or the stream of requests. A parameter without a decorator gets it too, if it is the first free one. */
export function RequestMessage(): ParameterDecorator {
  return Payload();
}

/** The call's `ServicerContext`. A parameter declared as `ServicerContext` or `StreamContext` gets it without a decorator. */
export function Context(): ParameterDecorator {
  return Ctx();
}

/** What the client sent before its first message: the first value of a key, or all of it as `Metadata` without a key. */
export function InvocationMetadata(key?: string): ParameterDecorator {
  return invocationMetadata(key);
}

/** The instant at which the call's time is up: a `Date`, or `null` when the client set none. */
export function Deadline(): ParameterDecorator {
  return deadline();
}

/** The call's `AbortSignal`, see `ServicerContext.signal`. */
export function Signal(): ParameterDecorator {
  return signal();
}

/** Who called, see `ServicerContext.peer()`. */
export function Peer(): ParameterDecorator {
  return peer();
}
