import type { DescMethod } from '@bufbuild/protobuf';
import { UsageError } from '../status/usage-error.js';
import { fromGrpcJs, isGrpcJs, isGrpcJsMethod } from './from-grpc-js.js';
import { fromProtoFiles, isProtoFiles } from './from-proto-files.js';
import { fromProtobufEs, isProtobufEs } from './from-protobuf-es.js';
import type { ServiceSchemaOf } from './method-types.js';
import type { ServiceSchema } from './service-schema.js';

/** The schema of a source, or nothing when the source is not for this adapter. */
type Adapter = (source: object) => ServiceSchema | undefined;

/** The first that takes a source reads it. */
const ADAPTERS: readonly Adapter[] = [
  adapter(isProtobufEs, fromProtobufEs),
  adapter(isProtoFiles, fromProtoFiles),
  adapter(isServiceSchema, (schema) => schema),
  adapter(isGrpcJs, fromGrpcJs),
];

const schemas = new WeakMap<object, ServiceSchema>();

/**
 * The schema of whatever describes a service; the same object for the same source.
 *
 * @param source a `SchemaSource`; wider here, so that a value whose type nobody checked gets its error from here
 * @throws {UsageError} for anything else
 */
export function schemaOf<const S extends object>(source: S): ServiceSchemaOf<S> {
  const schema = isObject(source) ? (schemas.get(source) ?? read(source)) : undefined;
  if (schema === undefined) throw new UsageError(`${EXPECTED}; given: ${given(source)}`);
  schemas.set(source, schema);
  // each adapter keeps what it was given as the schema's `source`
  return schema as ServiceSchemaOf<S>;
}

/**
 * The path on the wire of the rpc that a descriptor describes: `/hash_name.HashFinder/FindRange`.
 *
 * @param descriptor a `MethodDescriptor`
 * @throws {UsageError} for anything else
 */
export function methodOf(descriptor: object): string {
  if (isDescMethod(descriptor)) return `/${descriptor.parent.typeName}/${descriptor.name}`;
  if (isGrpcJsMethod(descriptor)) return descriptor.path;
  throw new UsageError(`${EXPECTED_METHOD}; given: ${given(descriptor)}`);
}

const EXPECTED =
  'A service is a protobuf-es service (DescService), a grpc-js service definition (ts-proto, grpc-tools), ' +
  'or one that loadSchemas() read';

const EXPECTED_METHOD =
  'A method is one of a protobuf-es service (Greeter.method.hi) or of a grpc-js service definition (GreeterService.hi)';

function adapter<T extends object>(is: (source: object) => source is T, from: (source: T) => ServiceSchema): Adapter {
  return (source) => (is(source) ? from(source) : undefined);
}

function read(source: object): ServiceSchema | undefined {
  for (const from of ADAPTERS) {
    const schema = from(source);
    if (schema !== undefined) return schema;
  }
  return undefined;
}

function isServiceSchema(source: object): source is ServiceSchema {
  return 'typeName' in source && 'methods' in source && Array.isArray(source.methods) && 'source' in source;
}

function isDescMethod(value: unknown): value is DescMethod {
  return isObject(value) && 'kind' in value && value.kind === 'rpc' && 'parent' in value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What was given, and where to find the right thing beside it. */
function given(value: unknown): string {
  if (value === undefined) return 'undefined (do two files import each other?)';
  if (typeof value === 'string') return `"${value}" (a .proto file is read by loadSchemas)`;
  if (typeof value === 'function') {
    return 'service' in value ? `the client class ${value.name} (pass its "service")` : `the function ${value.name}`;
  }
  if (value === null) return 'null';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if ('kind' in value && typeof value.kind === 'string') return `a protobuf-es descriptor of kind "${value.kind}"`;
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  return `an object with ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''}`;
}
