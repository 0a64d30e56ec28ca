import type { LoggerService } from '@nestjs/common';
import { CallAbortedError } from '../status/call-aborted-error.js';
import { CallEndedError } from '../status/call-ended-error.js';
import { StatusCode } from '../status/status-code.js';
import { StatusError } from '../status/status-error.js';
import { stackOf, textOf } from '../status/text-of.js';

/** What the log says of one call. */
export interface LoggedCall {
  readonly path: string;
  readonly active: boolean;
  readonly host: { readonly logger: LoggerService };
}

/** Logs what went wrong in a servicer; what only repeats that the call has ended says nothing new. */
export function logFailure(call: LoggedCall, error: unknown): void {
  guardLog(() => {
    if (isEcho(call, error)) return;
    const when = call.active ? 'failed' : 'failed after the call had ended';
    call.host.logger.error(`${call.path} ${when}: ${textOf(error)}`, stackOf(error));
  });
}

/** Logs a mistake of the server's that the client is told of in general terms. @returns what to end the call with */
export function fault(call: LoggedCall, details: string, cause?: unknown): StatusError {
  guardLog(() => void call.host.logger.error(`${call.path}: ${details}${because(cause)}`, stackOf(cause)));
  return new StatusError(StatusCode.INTERNAL, details, { cause });
}

/** Logs a mistake of the client's: one line, without a stack, since a client can make as many as it likes. */
export function logClientFault(call: LoggedCall, details: string, cause: unknown): void {
  guardLog(() => void call.host.logger.warn(`${call.path}: ${details}${because(cause)}`));
}

/** Runs what logs: an error that throws when it is looked at, or a logger that fails, must not take a call with it. */
export function guardLog(log: () => void): void {
  try {
    log();
  } catch {
    // there is nobody left to tell
  }
}

function because(cause: unknown): string {
  return cause === undefined ? '' : `: ${textOf(cause)}`;
}

/** Whether an error only says again that the call has ended. */
export function isEcho(call: Pick<LoggedCall, 'active'>, error: unknown): boolean {
  if (call.active) return false;
  if (error instanceof CallEndedError || error instanceof CallAbortedError) return true;
  return error instanceof Error && error.name === 'AbortError';
}
