import type { CallSink, IncomingCall } from '../call/incoming-call.js';
import { CallEndedError } from '../status/call-ended-error.js';
import type { CallRegistry, LiveCall } from '../termination/call-registry.js';

/**
 * A call whose single request is still on its way. It is under way to its client, so the end of serving waits for it and
 * ends it like the others.
 */
export class ArrivingCall implements CallSink, LiveCall {
  constructor(
    private readonly incoming: IncomingCall,
    private readonly registry: CallRegistry,
  ) {
    incoming.sink = this;
    registry.arrive(this);
  }

  get path(): string {
    return this.incoming.path;
  }

  endForShutdown(): void {
    const { code, details } = new CallEndedError('shutdown');
    this.incoming.sendStatus({ code, details });
  }

  onReadable(): void {
    // nobody reads yet
  }

  onDrain(): void {
    // nothing was sent
  }

  onEndedEarly(): void {
    // nobody serves it yet; what is left of it is told by onClosed
  }

  onClosed(): void {
    this.registry.leave(this);
  }
}
