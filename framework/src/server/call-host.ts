import type { LoggerService } from '@nestjs/common';
import type { Clock } from '../call/clock.js';
import type { ServedCall } from './served-call.js';

/** What a call needs of the server that serves it. */
export interface CallHost {
  readonly application: object;
  readonly logger: LoggerService;
  readonly clock: Clock;
  readonly exposeErrors: boolean;
  /** What Nest's filters were last asked about in this synchronous stretch. */
  takeWitnessed(): { readonly error: unknown } | undefined;
  /** The call ended early: if its handler waits for a worker, it waits no more. */
  withdrawn(call: ServedCall): void;
  /** The handler is done: its slot is free. */
  settled(call: ServedCall): void;
  /** Nothing of the call is left, here or on the wire. */
  left(call: ServedCall): void;
}
