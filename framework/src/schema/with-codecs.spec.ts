import { describe, expect, it } from 'vitest';
import { Kinds, Odd } from '../../../test/gen/kinds_pb.js';
import { UsageError } from '../status/usage-error.js';
import { schemaOf } from './schema-of.js';
import type { MessageCodec, ServiceSchema } from './service-schema.js';
import { withCodecs } from './with-codecs.js';

/** A codec whose messages are anything that JSON can say. */
const json: MessageCodec = {
  encode: (message) => Buffer.from(JSON.stringify(message)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown,
};

function method(schema: ServiceSchema, localName: string): ServiceSchema['methods'][number] {
  return schema.methods.find((candidate) => candidate.localName === localName)!;
}

describe('withCodecs', () => {
  const plain = schemaOf(Kinds);

  it('swaps one codec and leaves everything else', () => {
    const swapped = withCodecs(Kinds, { serve: { response: json } });
    expect(method(swapped, 'serve')).toEqual({ ...method(plain, 'serve'), response: json });
    expect(method(swapped, 'chat')).toEqual(method(plain, 'chat'));
    expect({ ...swapped, methods: [] }).toEqual({ ...plain, methods: [] });
  });

  it('leaves the schema of the source as it was', () => {
    withCodecs(Kinds, { unary: { request: json, response: json } });
    expect(schemaOf(Kinds)).toBe(plain);
    expect(method(schemaOf(Kinds), 'unary').request).not.toBe(json);
  });

  it('gives a schema that is a source again', () => {
    const once = withCodecs(Kinds, { serve: { request: json } });
    const twice = withCodecs(once, { serve: { response: json } });
    expect(schemaOf(twice)).toBe(twice);
    expect(method(twice, 'serve')).toMatchObject({ request: json, response: json });
  });

  it.each([0, '', false, null])('passes on the falsy message %j (T15)', (message) => {
    const { request } = method(withCodecs(Kinds, { unary: { request: json } }), 'unary');
    expect(request.decode(request.encode(message))).toBe(message);
  });

  it('knows methods by their local names', () => {
    expect(method(withCodecs(Odd, { then$: { request: json } }), 'then$').request).toBe(json);
  });

  it('refuses a method that the service does not have', () => {
    // @ts-expect-error it has no such method
    expect(() => withCodecs(Kinds, { sevre: {} })).toThrow(
      new UsageError('servicer.test.v1.Kinds has no method "sevre" to swap codecs of. Did you mean "serve"?'),
    );
  });
});
