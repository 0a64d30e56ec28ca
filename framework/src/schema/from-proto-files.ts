import { access, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { textOf } from '../status/text-of.js';
import { UsageError } from '../status/usage-error.js';
import { buildSchema, type RpcDescription } from './build-schema.js';
import { isGrpcJs, readDefinition, type GrpcJsService } from './from-grpc-js.js';
import { localNameOf } from './local-name.js';
import type { UntypedMethods } from './method-type.js';
import { didYouMean } from './nearest.js';
import { importPeer } from './optional-peer.js';
import type { MessageCodec, ServiceSchema } from './service-schema.js';

/** A service read from a .proto file at run time. Its messages are plain objects, converted as {@link loadSchemas} says. */
export class LoadedService {
  /** @internal Made by `loadSchemas`. */
  constructor(
    /** The full name: `hash_name.HashFinder`. */
    readonly typeName: string,
    /** By local name. Each describes its rpc, as a method of a grpc-js service definition does. */
    readonly method: GrpcJsService,
  ) {}
}

/** How {@link loadSchemas} finds files. */
export interface LoadSchemasOptions {
  /**
   * Folders to look for the file and its imports in, in this order. The file itself is looked for relative to the
   * current folder first; its own folder is the last one for imports. `google/protobuf/*.proto` needs none.
   */
  readonly includeDirs?: readonly string[];
}

/**
 * Reads the services of a .proto file, and of the files it imports, by full name: no code generation.
 *
 * Messages are plain objects. Decoding never loses anything: field names in camelCase, 64-bit integers as decimal
 * strings, enum values by name, `bytes` as `Buffer`, every field present with its default (an unset message is `null`),
 * and for each oneof its name with the name of the field that is set. Encoding takes the same, numbers too for 64-bit
 * integers and enums; unset fields may be left out, and unknown ones are ignored.
 *
 * Needs the optional peer `@grpc/proto-loader`.
 *
 * @param path of the file: absolute, or relative to the current folder or one of `includeDirs`
 * @throws {UsageError} when proto-loader is not installed, the file or one it imports is not found, or it is not valid
 */
export async function loadSchemas(
  path: string | URL,
  options: LoadSchemasOptions = {},
): Promise<Record<string, LoadedService>> {
  const includeDirs = includeDirsOf(options).map((folder) => resolve(folder));
  const file = await locate(path instanceof URL ? fileURLToPath(path) : path, includeDirs);
  const importDirs = [...includeDirs, dirname(file)];
  await assertImports(file, importDirs);
  const loader = await importPeer('@grpc/proto-loader', 'Loading a .proto file', () => import('@grpc/proto-loader'));
  return Object.fromEntries(
    Object.entries(definitionsIn(file, importDirs, loader)).flatMap(([typeName, definition]) =>
      isGrpcJs(definition) ? [[typeName, new LoadedService(typeName, byLocalName(definition))]] : [],
    ),
  );
}

/** What is used of proto-loader. */
interface ProtoLoader {
  loadSync(file: string, options: typeof CONVERSION & { readonly includeDirs: string[] }): Record<string, object>;
}

/** Synchronous, because the asynchronous one throws what it finds while it resolves types where nobody can catch it. */
function definitionsIn(file: string, includeDirs: string[], loader: ProtoLoader): Record<string, object> {
  try {
    return loader.loadSync(file, { ...CONVERSION, includeDirs });
  } catch (cause) {
    throw new UsageError(`"${file}" cannot be loaded: ${textOf(cause)}`, { cause });
  }
}

const CONVERSION = { keepCase: false, longs: String, enums: String, defaults: true, oneofs: true } as const;

/** Whether it is a service that `loadSchemas` read. */
export function isProtoFiles(source: object): source is LoadedService {
  return source instanceof LoadedService;
}

/** The schema of a service that was read from a .proto file. */
export function fromProtoFiles(service: LoadedService): ServiceSchema {
  return buildSchema(service, service.typeName, readDefinition(service.method).rpcs.map(withCheckedCodecs));
}

/** The methods of a service that was read from a .proto file: its type knows none of them. */
export type FromProtoFiles<S extends LoadedService> = S extends LoadedService ? UntypedMethods : never;

function byLocalName(definition: GrpcJsService): GrpcJsService {
  return Object.fromEntries(Object.entries(definition).map(([name, method]) => [localNameOf(name), method]));
}

function withCheckedCodecs(rpc: RpcDescription): RpcDescription {
  return { ...rpc, request: objectsOnly(rpc.request), response: objectsOnly(rpc.response) };
}

/** protobufjs would take a string or a number for a message with no field set. */
function objectsOnly(codec: MessageCodec): MessageCodec {
  return {
    encode(message) {
      if (typeof message === 'object' && message !== null) return codec.encode(message);
      throw new TypeError(`Expected a message, not ${message === null ? 'null' : typeof message}`);
    },
    decode: (bytes) => codec.decode(bytes),
  };
}

function includeDirsOf(options: LoadSchemasOptions): readonly string[] {
  for (const name of Object.keys(options)) {
    if (name !== 'includeDirs') {
      throw new UsageError(`loadSchemas has no option "${name}".${didYouMean(name, ['includeDirs'])}`);
    }
  }
  return options.includeDirs ?? [];
}

async function locate(path: string, includeDirs: readonly string[]): Promise<string> {
  const candidates = isAbsolute(path) ? [path] : [resolve(path), ...includeDirs.map((folder) => join(folder, path))];
  const file = await firstReadable(candidates);
  if (file === undefined) throw new UsageError(`"${path}" was not found: looked for ${candidates.join(', ')}`);
  return file;
}

/** proto-loader only warns about an import it cannot find, and then fails with a name that nobody wrote. */
async function assertImports(file: string, importDirs: readonly string[], seen = new Set<string>()): Promise<void> {
  if (seen.has(file)) return;
  seen.add(file);
  const source = (await readFile(file, 'utf8')).replaceAll(COMMENT, '');
  for (const [, imported = ''] of source.matchAll(IMPORT)) {
    if (imported.startsWith('google/protobuf/')) continue;
    const found = await firstReadable(
      isAbsolute(imported) ? [imported] : importDirs.map((folder) => join(folder, imported)),
    );
    if (found === undefined) {
      throw new UsageError(
        `"${file}" imports "${imported}", which is in none of ${importDirs.join(', ')}; name its folder in includeDirs`,
      );
    }
    await assertImports(found, importDirs, seen);
  }
}

const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;
const IMPORT = /\bimport\s+(?:public\s+|weak\s+)?["']([^"']+)["']\s*;/g;

async function firstReadable(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const readable = await access(file).then(
      () => true,
      () => false,
    );
    if (readable) return file;
  }
  return undefined;
}
