import { Ctx, Payload } from '@nestjs/microservices';
import { ServicerContext } from '../call/servicer-context.js';
import type { MethodSchema } from '../schema/service-schema.js';
import { boundParameters } from './nest-internals.js';
import { isOwnSource } from './param.decorators.js';
import { hideTypes, parameterTypes } from './parameter-types.js';

/**
 * Gives every parameter of a handler a source, because Nest passes a custom transport's handlers the payload only, and not
 * even that beside a parameter decorator: a parameter declared as a context gets the context, the first of the rest
 * the request, the next the context.
 *
 * @returns the positions (from 0) that are left without a source
 */
export function bindParameters(prototype: object, key: string, method: MethodSchema): number[] {
  const types = parameterTypes(prototype, key);
  const free = freeParameters(prototype, key, types);
  const contexts = free.filter((index) => isContextClass(types?.[index]));
  const rest = free.filter((index) => !contexts.includes(index));

  const request = has(prototype, key, 'payload') ? undefined : rest.shift();
  if (request !== undefined) Payload()(prototype, key, request);
  for (const index of contexts) Ctx()(prototype, key, index);
  const context = has(prototype, key, 'context') ? undefined : rest.shift();
  if (context !== undefined) Ctx()(prototype, key, context);
  hideTypes(prototype, key, notForPipes(prototype, key, method));
  return rest;
}

/** The parameters that no decorator stands at. Where neither types nor decorators tell how many there are: at least two. */
function freeParameters(prototype: object, key: string, types: readonly unknown[] | undefined): number[] {
  const bound = new Set(boundParameters(prototype, key).map(({ index }) => index));
  const { length } = (prototype as Record<string, { readonly length: number }>)[key]!;
  const declared = types?.length ?? (bound.size === 0 ? 2 : 0);
  const count = Math.max(declared, length);
  return Array.from({ length: count }, (_, index) => index).filter((index) => !bound.has(index));
}

function has(prototype: object, key: string, source: 'payload' | 'context'): boolean {
  return boundParameters(prototype, key).some((bound) => bound.source === source);
}

/** What a transforming pipe must leave alone: all but a single request, and what the application's own decorators give. */
function notForPipes(prototype: object, key: string, { requestStream }: MethodSchema): Set<number> {
  const hidden = boundParameters(prototype, key).filter(
    ({ source, factory }) =>
      source === 'context' || (source === 'payload' && requestStream) || (source === 'other' && isOwnSource(factory)),
  );
  return new Set(hidden.map(({ index }) => index));
}

function isContextClass(type: unknown): boolean {
  return typeof type === 'function' && (type === ServicerContext || type.prototype instanceof ServicerContext);
}
