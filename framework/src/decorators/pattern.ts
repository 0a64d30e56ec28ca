import 'reflect-metadata';
import { MessagePattern } from '@nestjs/microservices';

/** The transport of our handlers: private, so that no other strategy in a hybrid application takes them. */
export const SERVICER_TRANSPORT = Symbol('nestjs-servicer');

/**
 * Whether another pattern decorator (`@MessagePattern`, `@EventPattern`, `@GrpcMethod` …) stands at a method. Nest keeps one
 * pattern for each method, so ours would replace it without a word.
 */
export function hasOtherPattern(method: object): boolean {
  const values = patternKeys()
    .filter((key) => Reflect.hasMetadata(key, method))
    .map((key) => Reflect.getMetadata(key, method) as unknown);
  return values.length > 0 && !values.includes(SERVICER_TRANSPORT);
}

/** What a pattern decorator records under: found by using one, since the keys are Nest's own affair. */
function patternKeys(): unknown[] {
  const probe = (): void => undefined;
  MessagePattern('probe', SERVICER_TRANSPORT)({}, 'probe', { value: probe });
  return Reflect.getOwnMetadataKeys(probe);
}
