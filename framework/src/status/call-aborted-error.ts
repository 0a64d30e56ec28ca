import { StatusError } from './status-error.js';

/** What `context.abort()` throws: the call has its status already, so it is neither mapped nor logged. */
export class CallAbortedError extends StatusError {
  override readonly name = 'CallAbortedError';
}
