import { UsageError } from '../status/usage-error.js';
import type { MethodsOf, SchemaSource, ServiceSchemaOf } from './method-types.js';
import { didYouMean } from './nearest.js';
import { schemaOf } from './schema-of.js';
import type { MessageCodec, MethodSchema, ServiceSchema } from './service-schema.js';

/** The codecs to use instead of the source's own, by local name: `{ find: { response: fasterCodec } }`. */
export type Codecs<S> = { readonly [Method in keyof MethodsOf<S>]?: MethodCodecs };

/** The codecs of one method; the source's own where there is none. */
export interface MethodCodecs {
  readonly request?: MessageCodec;
  readonly response?: MessageCodec;
}

/**
 * A schema like that of the source, with other codecs for some methods; wherever a source is taken, the schema is too.
 *
 * The types stay those of the source, so a codec must make and take messages of the same shape.
 *
 * @throws {UsageError} for a method that the service does not have
 */
export function withCodecs<const S extends SchemaSource>(source: S, codecs: Codecs<S>): ServiceSchemaOf<S> {
  const schema: ServiceSchema = schemaOf(source);
  const swapped = new Map<string, MethodCodecs | undefined>(Object.entries(codecs));
  const names = schema.methods.map(({ localName }) => localName);
  for (const name of swapped.keys()) {
    if (names.includes(name)) continue;
    throw new UsageError(`${schema.typeName} has no method "${name}" to swap codecs of.${didYouMean(name, names)}`);
  }
  const methods = schema.methods.map((method) => withOwn(method, swapped.get(method.localName)));
  const copy: ServiceSchema = Object.freeze({ ...schema, methods: Object.freeze(methods) });
  return copy as ServiceSchemaOf<S>;
}

function withOwn(method: MethodSchema, { request, response }: MethodCodecs = {}): MethodSchema {
  return Object.freeze({ ...method, request: request ?? method.request, response: response ?? method.response });
}
