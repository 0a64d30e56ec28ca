import { didYouMean } from '../schema/nearest.js';
import type { MethodKind } from '../schema/service-schema.js';

const WORDS: Readonly<Record<MethodKind, string>> = {
  unary: 'unary',
  serverStream: 'server-streaming',
  clientStream: 'client-streaming',
  bidiStream: 'bidi-streaming',
};

const DECORATORS: Readonly<Record<MethodKind, string>> = {
  unary: '@Unary()',
  serverStream: '@ServerStream()',
  clientStream: '@ClientStream()',
  bidiStream: '@BidiStream()',
};

const SERVICER_OPTIONS = ['partial'];

/** What a kind of rpc is called in a sentence. */
export function isA(kind: MethodKind): string {
  return WORDS[kind];
}

/** The decorator of a kind, as users write it. */
export function decoratorFor(kind: MethodKind): string {
  return DECORATORS[kind];
}

/** What is wrong with what `@Servicer` was given beside the schema. */
export function optionProblems(options: unknown): string[] {
  if (typeof options !== 'object' || options === null)
    return ['@Servicer takes its options as an object: { partial: true }'];
  return Object.entries(options).flatMap(([name, value]: [string, unknown]) => {
    if (!SERVICER_OPTIONS.includes(name))
      return [`@Servicer has no option "${name}".${didYouMean(name, SERVICER_OPTIONS)}`];
    return typeof value === 'boolean' || value === undefined
      ? []
      : [`option "${name}" of @Servicer takes true or false`];
  });
}
