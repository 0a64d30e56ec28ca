import { StatusCode } from './status-code.js';
import { StatusError } from './status-error.js';

/**
 * Why a call ended before its own status was sent.
 *
 * - `client`: the client cancelled it
 * - `deadline`: its deadline passed
 * - `servicer`: the servicer called `context.cancel()`
 * - `shutdown`: the server's grace period ran out
 * - `connection`: the connection to the client was lost
 */
export type CallEndReason = 'client' | 'deadline' | 'servicer' | 'shutdown' | 'connection';

const CODES: Record<CallEndReason, StatusCode> = {
  client: StatusCode.CANCELLED,
  deadline: StatusCode.DEADLINE_EXCEEDED,
  servicer: StatusCode.CANCELLED,
  shutdown: StatusCode.UNAVAILABLE,
  connection: StatusCode.CANCELLED,
};

const DETAILS: Record<CallEndReason, string> = {
  client: 'Cancelled by the client',
  deadline: 'Deadline exceeded',
  servicer: 'CANCELLED',
  shutdown: 'Cancelling all calls',
  connection: 'The connection to the client was lost',
};

/**
 * What a servicer meets when its call ended before it did: the reason of `context.signal`, and what reading a request or
 * writing a response then throws. Letting it pass is right: the call has its status already and nothing is logged.
 */
export class CallEndedError extends StatusError {
  override readonly name = 'CallEndedError';

  constructor(
    readonly reason: CallEndReason,
    details = DETAILS[reason],
  ) {
    super(CODES[reason], details);
  }
}
