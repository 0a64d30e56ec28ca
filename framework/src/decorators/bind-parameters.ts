import { Ctx, Payload } from '@nestjs/microservices';
import { ServicerContext } from '../call/servicer-context.js';
import type { MethodSchema } from '../schema/service-schema.js';
import { boundParameters, parameterTypes } from './nest-internals.js';

/**
 * Gives every parameter of a handler a source, because Nest passes a custom transport's handlers the payload only, and not
 * even that beside a parameter decorator: a parameter declared as a context gets the context, the first of the rest
 * the request, the next the context.
 *
 * @returns the positions (from 0) that are left without a source
 */
export function bindParameters(prototype: object, key: string, method: MethodSchema): number[] {
  const types = parameterTypes(prototype, key) ?? [];
  const bound = boundParameters(prototype, key);
  const handler = (prototype as Record<string, { readonly length: number }>)[key];
  const count = bound.indexes.size === 0 && types.length === 0 ? 2 : Math.max(handler?.length ?? 0, types.length);
  const free = Array.from({ length: count }, (_, index) => index).filter((index) => !bound.indexes.has(index));
  const isContext = (index: number): boolean => isContextClass(types[index]);

  for (const index of free.filter(isContext)) Ctx()(prototype, key, index);
  const hasContext = bound.hasContext || free.some(isContext);
  const rest = free.filter((index) => !isContext(index));
  if (!bound.hasPayload) bindRequest(prototype, key, rest.shift(), method, types);
  if (!hasContext) bindContext(prototype, key, rest.shift());
  return rest;
}

function bindRequest(prototype: object, key: string, index: number | undefined, method: MethodSchema, types: unknown[]): void {
  if (index === undefined) return;
  Payload()(prototype, key, index);
  // a transforming ValidationPipe would turn the stream itself into the declared class
  if (method.requestStream && index < types.length) types[index] = Object;
}

function bindContext(prototype: object, key: string, index: number | undefined): void {
  if (index !== undefined) Ctx()(prototype, key, index);
}

function isContextClass(type: unknown): boolean {
  return typeof type === 'function' && (type === ServicerContext || type.prototype instanceof ServicerContext);
}
