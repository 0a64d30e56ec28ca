import { currentCall } from '../call/current-call.js';
import { Metadata } from '../status/metadata.js';
import { StatusCode } from '../status/status-code.js';
import type { Status } from '../status/status-error.js';
import { HIDDEN_DETAILS, statusOf, type MappedStatus } from '../status/status-of.js';
import { logFailure } from './call-log.js';
import { LoggedByNest } from './pipeline-result.js';
import type { ServedCall } from './served-call.js';

/** What differs between the four kinds of call. */
export interface Serve {
  /** The handler's first argument. @param request the decoded request, where there is one */
  argument(call: ServedCall, request: unknown): unknown;
  /** Sends what the handler gave and ends the call; a promise only where something has to be waited for. */
  respond(call: ServedCall, result: unknown): Promise<void> | undefined;
}

/**
 * Serves one call from its request to its status: the same for every kind. Whatever is thrown, at any depth, ends the call
 * once and is logged once.
 */
export function serveCall(call: ServedCall, request: unknown, serve: Serve): void {
  void currentCall.run(call, run, call, request, serve);
}

async function run(call: ServedCall, request: unknown, serve: Serve): Promise<void> {
  try {
    const result: unknown = await call.method.handle(serve.argument(call, request), call.context);
    const more = serve.respond(call, result);
    if (more !== undefined) await more;
  } catch (thrown) {
    fail(call, thrown);
  } finally {
    call.settle();
  }
}

/** The status of a handler that returned: OK, unless it set another. */
export function statusOnReturn(call: ServedCall): Status {
  return {
    code: call.code ?? StatusCode.OK,
    details: call.details ?? '',
    ...(call.trailingMetadata && { trailingMetadata: call.trailingMetadata }),
  };
}

function fail(call: ServedCall, thrown: unknown): void {
  try {
    const loggedByNest = thrown instanceof LoggedByNest;
    const error = loggedByNest ? thrown.error : thrown;
    const status = statusOf(error, call.host);
    if (status.unexpected && !loggedByNest) logFailure(call, error);
    call.finish(statusOnFailure(call, status));
  } catch {
    // what throws when it is looked at, or a logger that fails, leaves no call without a status
    call.finish({ code: StatusCode.UNKNOWN, details: HIDDEN_DETAILS });
  }
}

/** An unexpected error keeps the code and details that the servicer set before; a status that was meant replaces them. */
function statusOnFailure(call: ServedCall, { code, details, trailingMetadata, unexpected }: MappedStatus): Status {
  const keptCode = unexpected && call.code !== undefined && call.code !== StatusCode.OK ? call.code : code;
  const keptDetails = unexpected && call.details !== undefined ? call.details : details;
  const trailing = merged(call.trailingMetadata, trailingMetadata);
  return { code: keptCode, details: keptDetails, ...(trailing && { trailingMetadata: trailing }) };
}

function merged(first: Metadata | undefined, second: Metadata | undefined): Metadata | undefined {
  return first === undefined || second === undefined ? (first ?? second) : new Metadata([...first, ...second]);
}
