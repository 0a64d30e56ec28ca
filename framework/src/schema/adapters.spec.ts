import { create } from '@bufbuild/protobuf';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  KindsService as GrpcToolsKinds,
  OddService as GrpcToolsOdd,
} from '../../../test/fixtures/grpc-tools/kinds_grpc_pb.js';
import { Item as GrpcToolsItem } from '../../../test/fixtures/grpc-tools/kinds_pb.js';
import { ItemSchema, Kinds, Odd, type Item as EsItem } from '../../../test/gen/kinds_pb.js';
import { KindsService, OddService, type Item as TsProtoItem } from '../../../test/gen/ts-proto/kinds.js';
import { fromGrpcJs, isGrpcJs } from './from-grpc-js.js';
import { fromProtoFiles, isProtoFiles, loadSchemas } from './from-proto-files.js';
import { fromProtobufEs, isProtobufEs } from './from-protobuf-es.js';
import { schemaOf } from './schema-of.js';
import type { MethodSchema, ServiceSchema } from './service-schema.js';

/** Text, count, blob and an integer that no `number` holds, unless the source has only numbers. */
interface Values {
  readonly text: string;
  readonly count: number;
  readonly blob: readonly number[];
  readonly big: string;
}

/** What the sources differ in: their objects, and how messages are written in their language. */
interface Source {
  readonly is: (source: object) => boolean;
  readonly from: (source: never) => ServiceSchema;
  readonly load: () => Promise<{ kinds: object; odd: object }>;
  readonly message: (values: Values) => unknown;
  readonly values: (message: never) => Values;
  readonly big: string;
}

/** Field 1 of a wire type that does not exist. */
const WIRE_TYPE_7 = Uint8Array.of(0x0f);

const BIG = '9007199254740993';

const protobufEs: Source = {
  is: isProtobufEs,
  from: fromProtobufEs,
  load: async () => ({ kinds: Kinds, odd: Odd }),
  message: ({ text, count, blob, big }) =>
    create(ItemSchema, { text, count, blob: Uint8Array.from(blob), big: BigInt(big) }),
  values: ({ text, count, blob, big }: EsItem) => ({ text, count, blob: [...blob], big: String(big) }),
  big: BIG,
};

const SOURCES: readonly (readonly [name: string, Source])[] = [
  ['protobuf-es messages', protobufEs],
  [
    'protobuf-es init shapes',
    {
      ...protobufEs,
      message: ({ text, count, blob, big }) => ({ text, count, blob: Uint8Array.from(blob), big: BigInt(big) }),
    },
  ],
  [
    'ts-proto with grpc-js services',
    {
      is: isGrpcJs,
      from: fromGrpcJs,
      load: async () => ({ kinds: KindsService, odd: OddService }),
      message: ({ text, count, blob, big }): TsProtoItem => ({
        text,
        count,
        blob: Buffer.from(blob),
        big: Number(big),
      }),
      values: ({ text, count, blob, big }: TsProtoItem) => ({ text, count, blob: [...blob], big: String(big) }),
      big: String(Number.MAX_SAFE_INTEGER),
    },
  ],
  [
    "grpc-tools' shape (a fixture: its generator cannot be installed from a registry package alone, it downloads a binary)",
    {
      is: isGrpcJs,
      from: fromGrpcJs,
      load: async () => ({ kinds: GrpcToolsKinds, odd: GrpcToolsOdd }),
      message: ({ text, count, blob, big }) =>
        new GrpcToolsItem().setText(text).setCount(count).setBlob(Uint8Array.from(blob)).setBig(big),
      values: (item: GrpcToolsItem) => ({
        text: item.getText(),
        count: item.getCount(),
        blob: [...item.getBlob()],
        big: item.getBig(),
      }),
      big: BIG,
    },
  ],
  [
    'a .proto file loaded at run time',
    {
      is: isProtoFiles,
      from: fromProtoFiles,
      load: async () => {
        const services = await loadSchemas(fileURLToPath(new URL('../../../test/protos/kinds.proto', import.meta.url)));
        return { kinds: services['servicer.test.v1.Kinds']!, odd: services['servicer.test.v1.Odd']! };
      },
      message: ({ text, count, blob, big }) => ({ text, count, blob: Buffer.from(blob), big }),
      values: ({ text, count, blob, big }: { text: string; count: number; blob: Buffer; big: string }) => ({
        text,
        count,
        blob: [...blob],
        big,
      }),
      big: BIG,
    },
  ],
];

describe.each(SOURCES)('%s', (_name, source) => {
  let kinds: object;
  let odd: object;
  let schema: ServiceSchema;
  let unary: MethodSchema;
  const full = (): Values => ({ text: 'Zoë ✓', count: -7, blob: [0, 1, 255], big: source.big });
  const empty: Values = { text: '', count: 0, blob: [], big: '0' };

  beforeAll(async () => {
    ({ kinds, odd } = await source.load());
    schema = source.from(kinds as never);
    unary = schema.methods[0]!;
  });

  it('is recognised by its own adapter only', () => {
    const recognisers = new Set([isProtobufEs, isGrpcJs, isProtoFiles]);
    expect([...recognisers].filter((is) => is(kinds))).toEqual([source.is]);
    expect(schemaOf(kinds)).toEqual({ ...schema, methods: schema.methods.map((m) => likeMethod(m)) });
  });

  it('has the service and its methods in order', () => {
    expect(schema.typeName).toBe('servicer.test.v1.Kinds');
    expect(schema.source).toBe(kinds);
    expect(
      schema.methods.map(({ name, localName, path, kind, requestStream, responseStream }) => [
        name,
        localName,
        path,
        kind,
        requestStream,
        responseStream,
      ]),
    ).toEqual([
      ['Unary', 'unary', '/servicer.test.v1.Kinds/Unary', 'unary', false, false],
      ['Serve', 'serve', '/servicer.test.v1.Kinds/Serve', 'serverStream', false, true],
      ['Collect', 'collect', '/servicer.test.v1.Kinds/Collect', 'clientStream', true, false],
      ['Chat', 'chat', '/servicer.test.v1.Kinds/Chat', 'bidiStream', true, true],
    ]);
  });

  it('gives names that are taken one suffix, and no other', () => {
    expect(source.from(odd as never).methods.map(({ name, localName }) => [name, localName])).toEqual([
      ['Then', 'then$'],
      ['Constructor', 'constructor$'],
      ['OnModuleInit', 'onModuleInit$'],
      ['ToString', 'toString$'],
      ['Name', 'name'],
    ]);
  });

  it.each(['request', 'response'] as const)('encodes and decodes a %s', (part) => {
    const codec = unary[part];
    expect(source.values(codec.decode(codec.encode(source.message(full()))) as never)).toEqual(full());
  });

  it('puts the same bytes on the wire as every other source', () => {
    const values = { ...full(), big: '12' };
    const reference = fromProtobufEs(Kinds).methods[0]!.request.encode(protobufEs.message(values));
    expect(unary.request.encode(source.message(values))).toEqual(reference);
  });

  it('encodes to a Buffer (T32)', () => {
    const bytes = unary.response.encode(source.message(full()));
    expect(Buffer.isBuffer(bytes)).toBe(true);
    expect(Buffer.isBuffer(unary.response.encode(source.message(empty)))).toBe(true);
  });

  it('decodes a plain Uint8Array, also one that is a part of a larger buffer', () => {
    const encoded = unary.request.encode(source.message(full()));
    const larger = new Uint8Array(encoded.length + 20).fill(0xff);
    larger.set(encoded, 10);
    const part = larger.subarray(10, 10 + encoded.length);
    expect(source.values(unary.request.decode(part) as never)).toEqual(full());
  });

  it('decodes no bytes as a message with every field at its default (T15)', () => {
    expect(source.values(unary.request.decode(new Uint8Array()) as never)).toEqual(empty);
    expect(source.values(unary.request.decode(unary.request.encode(source.message(empty))) as never)).toEqual(empty);
  });

  it.each([undefined, null, 5, 'text'])('refuses to encode %s', (value) => {
    expect(() => unary.response.encode(value)).toThrow();
  });

  it('refuses to decode bytes that are no message', () => {
    expect(() => unary.request.decode(WIRE_TYPE_7)).toThrow();
  });

  it('is frozen', () => {
    expect([schema, schema.methods, unary].every(Object.isFrozen)).toBe(true);
  });
});

function likeMethod(method: MethodSchema): unknown {
  const codec = { encode: expect.any(Function) as unknown, decode: expect.any(Function) as unknown };
  return { ...method, request: codec, response: codec };
}
