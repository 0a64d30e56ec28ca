import 'reflect-metadata';

// TypeScript's key, in every compiler that emits decorator metadata
const PARAM_TYPES = 'design:paramtypes';

/** The declared types of a method's parameters, as the compiler recorded them; `undefined` when it did not. */
export function parameterTypes(prototype: object, method: string): readonly unknown[] | undefined {
  return Reflect.getMetadata(PARAM_TYPES, prototype, method) as unknown[] | undefined;
}

/**
 * Hides the declared types of some parameters: a pipe that transforms values into the declared class would otherwise make a
 * copy of a stream, a context or a signal.
 *
 * For this class only; a base class, which may serve another service too, keeps its own.
 */
export function hideTypes(prototype: object, method: string, indexes: ReadonlySet<number>): void {
  const types = parameterTypes(prototype, method);
  if (types === undefined) return;
  const hidden = types.map((type, index) => (indexes.has(index) ? Object : type));
  Reflect.defineMetadata(PARAM_TYPES, hidden, prototype, method);
}
