import type { ServicerContext } from '../call/servicer-context.js';

/** A service that a feature implements itself. */
export interface FeatureServicer {
  /** Anything that `@Servicer` takes. */
  readonly schema: object;
  /**
   * Handlers by the rpcs' local names: `(request, context) => …`, of the same shapes as a servicer's. They are called
   * straight: no guard, pipe, interceptor or filter of the application stands before them.
   */
  readonly handlers: Readonly<Record<string, (request: never, context: ServicerContext) => unknown>>;
}

/**
 * How health, reflection and their like join the server: `server.use(feature)` before it listens.
 *
 * What a hook throws is logged and stops nothing.
 */
export interface ServerFeature {
  /** For the log. */
  readonly name: string;
  /** Services that it adds; asked once, when everything else that is served is known. */
  servicers?(): readonly FeatureServicer[];
  /** The server serves. */
  onServing?(): unknown;
  /** Serving is about to end: waited for (within the grace period) before new calls are refused. */
  onDraining?(): unknown;
  /** No call and no connection is left. */
  onTerminated?(): unknown;
}
