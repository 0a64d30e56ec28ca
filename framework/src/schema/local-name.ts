/**
 * Names that a class's method or a client's method cannot bear: a promise's, those of every object, and the hooks that
 * Nest calls by name. An rpc so called carries a suffix, `then$`, as protobuf-es writes `constructor$`.
 */
export const RESERVED_NAMES = [
  'then',
  'catch',
  'finally',
  'constructor',
  'toString',
  'toLocaleString',
  'toJSON',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'onModuleInit',
  'onModuleDestroy',
  'onApplicationBootstrap',
  'onApplicationShutdown',
  'beforeApplicationShutdown',
] as const;

const reserved: ReadonlySet<string> = new Set(RESERVED_NAMES);

/** The type of {@link localNameOf}, for a name whose first letter is lower-case already. */
export type LocalName<Name extends string> = Name extends (typeof RESERVED_NAMES)[number] ? `${Name}$` : Name;

/** The name an rpc has in TypeScript: `FindRange` is `findRange`, `Then` is `then$`. */
export function localNameOf(rpcName: string): string {
  const name = rpcName.charAt(0).toLowerCase() + rpcName.slice(1);
  return reserved.has(name) ? `${name}$` : name;
}
