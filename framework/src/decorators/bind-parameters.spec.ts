import 'reflect-metadata';
import { Ctx, Payload } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { ServicerContext } from '../call/servicer-context.js';
import { StreamContext } from '../call/stream-context.js';
import type { MethodSchema } from '../schema/service-schema.js';
import { bindParameters } from './bind-parameters.js';
import { boundParameters } from './nest-internals.js';
import { InvocationMetadata, Signal } from './param.decorators.js';

type Decorate = (prototype: object, key: string) => void;

/** A class with one method of so many parameters, of these types or of types that no compiler recorded. */
function classOf(length: number, types?: unknown[], ...decorators: Decorate[]): object {
  class Handler {}
  const { prototype } = Handler;
  const handler = Object.defineProperty(() => undefined, 'length', { value: length });
  Object.defineProperty(prototype, 'handle', { value: handler, configurable: true });
  if (types !== undefined) Reflect.defineMetadata('design:paramtypes', types, prototype, 'handle');
  for (const decorate of decorators) decorate(prototype, 'handle');
  return prototype;
}

const at =
  (index: number, decorator: ParameterDecorator): Decorate =>
  (prototype, key) =>
    decorator(prototype, key, index);

/** Binds, and says in a word what each parameter gets. */
function bound(prototype: object, requestStream = false): { sources: string[]; free: number[]; types: unknown } {
  const free = bindParameters(prototype, 'handle', { requestStream } as MethodSchema);
  const found = boundParameters(prototype, 'handle').toSorted((a, b) => a.index - b.index);
  return {
    sources: found.map(({ index, source }) => `${index} ${source}`),
    free,
    types: Reflect.getMetadata('design:paramtypes', prototype, 'handle') as unknown,
  };
}

class Dto {}

describe('what the parameters of a handler get', () => {
  it.each<[what: string, prototype: object, sources: string[], free: number[]]>([
    ['no types, no parameters that show', classOf(0), ['0 payload', '1 context'], []],
    ['no types, two parameters', classOf(2), ['0 payload', '1 context'], []],
    ['no types, a third parameter', classOf(3), ['0 payload', '1 context'], [2]],
    [
      'no types, a decorator on the second',
      classOf(3, undefined, at(1, Signal())),
      ['0 payload', '1 other', '2 context'],
      [],
    ],
    ['no types, a decorator on the only one', classOf(1, undefined, at(0, Signal())), ['0 other'], []],
    ['no parameters', classOf(0, []), [], []],
    ['one', classOf(1, [Dto]), ['0 payload'], []],
    [
      'parameters with defaults, which do not count as length',
      classOf(0, [Dto, Object]),
      ['0 payload', '1 context'],
      [],
    ],
    ['three, the last without a source', classOf(3, [Dto, Object, Object]), ['0 payload', '1 context'], [2]],
    ['a context alone', classOf(1, [StreamContext]), ['0 context'], []],
    [
      'contexts around the request',
      classOf(3, [StreamContext, Dto, ServicerContext]),
      ['0 context', '1 payload', '2 context'],
      [],
    ],
    [
      'a context by class leaves none for the next',
      classOf(3, [ServicerContext, Dto, Object]),
      ['0 context', '1 payload'],
      [2],
    ],
    [
      '@Payload twice',
      classOf(2, [String, String], at(0, Payload('a')), at(1, Payload('b'))),
      ['0 payload', '1 payload'],
      [],
    ],
    ['@Ctx first', classOf(2, [Object, Dto], at(0, Ctx())), ['0 context', '1 payload'], []],
    [
      'only decorators',
      classOf(2, [String, AbortSignal], at(0, InvocationMetadata('a')), at(1, Signal())),
      ['0 other', '1 other'],
      [],
    ],
  ])('%s', (_what, prototype, sources, free) => {
    expect(bound(prototype)).toMatchObject({ sources, free });
  });
});

describe('what a transforming pipe is told of them', () => {
  it('the type of a single request, and of what other decorators give', () => {
    const custom = at(2, (prototype, key, index) => Signal()(prototype, key, index));
    expect(bound(classOf(3, [Dto, ServicerContext, AbortSignal], custom)).types).toEqual([Dto, Object, Object]);
    expect(bound(classOf(1, [Dto])).types).toEqual([Dto]);
  });

  it('nothing of a stream of requests', () => {
    expect(bound(classOf(2, [Dto, Object]), true).types).toEqual([Object, Object]);
    expect(bound(classOf(2, [Object, Dto], at(1, Payload())), true).types).toEqual([Object, Object]);
  });

  it('nothing where no compiler recorded types', () => {
    expect(bound(classOf(2), true).types).toBeUndefined();
  });

  it('and a base class keeps its own', () => {
    const base = classOf(1, [Dto]);
    const derived = Object.create(base) as object;

    expect(bound(derived, true).types).toEqual([Object]);
    expect(Reflect.getMetadata('design:paramtypes', base, 'handle')).toEqual([Dto]);
  });
});
