import type { ServicerContext } from '../call/servicer-context.js';
import type { MethodSchema } from '../schema/service-schema.js';

/** An rpc and what serves it; made once, at boot. */
export interface BoundMethod {
  readonly schema: MethodSchema;
  /** Runs the handler through Nest's pipeline, or a feature's own handler straight. */
  readonly handle: (request: unknown, context: ServicerContext) => unknown;
  /** The servicer's `@OnCancel()` methods for this handler. */
  readonly cancelHooks: readonly ((context: ServicerContext) => unknown)[];
}
