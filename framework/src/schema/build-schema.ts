import { UsageError } from '../status/usage-error.js';
import { localNameOf } from './local-name.js';
import { methodKind, type MessageCodec, type MethodSchema, type ServiceSchema } from './service-schema.js';

/** What an adapter reads of one rpc; the rest of its {@link MethodSchema} follows from it. */
export interface RpcDescription {
  /** As in the .proto file: `FindRange`. */
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
}

/**
 * The schema of a service, frozen. Every adapter ends here, so that names and paths follow one rule.
 *
 * @throws {UsageError} when two rpcs would bear one name in TypeScript
 */
export function buildSchema<Source extends object>(
  source: Source,
  typeName: string,
  rpcs: readonly RpcDescription[],
): ServiceSchema & { readonly source: Source } {
  const byLocalName = new Map<string, MethodSchema>();
  for (const rpc of rpcs) {
    const method = buildMethod(typeName, rpc);
    const other = byLocalName.get(method.localName);
    if (other !== undefined) throw new UsageError(clash(typeName, method, other));
    byLocalName.set(method.localName, method);
  }
  return Object.freeze({ typeName, methods: Object.freeze([...byLocalName.values()]), source });
}

function buildMethod(typeName: string, { name, requestStream, responseStream, request, response }: RpcDescription) {
  return Object.freeze({
    name,
    localName: localNameOf(name),
    path: `/${typeName}/${name}`,
    kind: methodKind(requestStream, responseStream),
    requestStream,
    responseStream,
    request,
    response,
  });
}

function clash(typeName: string, method: MethodSchema, other: MethodSchema): string {
  return `${typeName}: the rpcs ${other.name} and ${method.name} are both called "${method.localName}" in TypeScript; rename one of them`;
}
