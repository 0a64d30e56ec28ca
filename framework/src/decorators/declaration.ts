import 'reflect-metadata';
import type { MethodKind, ServiceSchema } from '../schema/service-schema.js';

/** What `@Unary()` and its siblings recorded on a method. */
export interface MethodDeclaration {
  /** The method's name on the class. */
  readonly key: string;
  readonly kind: MethodKind;
  /** The decorator as the user wrote it, for messages: `@Unary()`. */
  readonly decorator: string;
  /** The method descriptor it was given, if any: decides the rpc whatever the method is called. */
  readonly descriptor: object | undefined;
}

/** What `@OnCancel()` recorded on a method. */
export interface CancelDeclaration {
  readonly key: string;
  /** The handlers whose calls it is for; empty means every one of the class. */
  readonly handlers: readonly string[];
}

/** What `@Servicer()` recorded on a class. */
export interface ServicerDeclaration {
  /** `undefined` when the schema could not be read; `problems` then says why. */
  readonly schema: ServiceSchema | undefined;
  /** The handler methods, by the path of the rpc that each serves. */
  readonly handlers: ReadonlyMap<string, string>;
  readonly cancelHooks: readonly CancelDeclaration[];
  /** What is wrong with the class, found while it was decorated; told at boot with all other problems. */
  readonly problems: readonly string[];
}

const METHODS = Symbol('nestjs-servicer:methods');
const CANCEL_HOOKS = Symbol('nestjs-servicer:cancel-hooks');
const SERVICER = Symbol('nestjs-servicer:servicer');

/** Adds to what is recorded on a prototype, without touching what its base class recorded. */
function append<T>(key: symbol, prototype: object, value: T): void {
  const own = (Reflect.getOwnMetadata(key, prototype) ?? []) as T[];
  Reflect.defineMetadata(key, [...own, value], prototype);
}

/** What is recorded on a prototype and on those it inherits from, the class's own first. */
function collect<T extends { readonly key: string }>(key: symbol, prototype: object): T[] {
  const found: T[] = [];
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const own = (Reflect.getOwnMetadata(key, at) ?? []) as T[];
    found.push(...own.filter((declaration) => !found.some((nearer) => nearer.key === declaration.key)));
  }
  return found;
}

export function declareMethod(prototype: object, declaration: MethodDeclaration): void {
  append(METHODS, prototype, declaration);
}

export function declaredMethods(prototype: object): MethodDeclaration[] {
  return collect(METHODS, prototype);
}

export function declareCancelHook(prototype: object, declaration: CancelDeclaration): void {
  append(CANCEL_HOOKS, prototype, declaration);
}

export function declaredCancelHooks(prototype: object): CancelDeclaration[] {
  return collect(CANCEL_HOOKS, prototype);
}

export function declareServicer(servicer: object, declaration: ServicerDeclaration): void {
  Reflect.defineMetadata(SERVICER, declaration, servicer);
}

/** The class's own declaration: one inherited from a decorated base class is not. */
export function declaredServicer(servicer: object): ServicerDeclaration | undefined {
  return Reflect.getOwnMetadata(SERVICER, servicer) as ServicerDeclaration | undefined;
}

/** All that decorators, anyone's, recorded on a class or a method itself. */
export function recordedOn(target: object): ReadonlyMap<unknown, unknown> {
  return new Map(Reflect.getOwnMetadataKeys(target).map((key: unknown) => [key, Reflect.getOwnMetadata(key, target)]));
}

/** Records what {@link recordedOn} found. */
export function restore(target: object, recorded: ReadonlyMap<unknown, unknown>): void {
  for (const [key, value] of recorded) Reflect.defineMetadata(key, value, target);
}
