import { isObservable } from 'rxjs';
import { isAsyncIterable } from '../streams/pump.js';
import { fault } from './call-log.js';
import { StatusCode } from '../status/status-code.js';
import { noResponse } from './served-call.js';
import { observe } from './pipeline-result.js';
import { statusOnReturn } from './serve-call.js';
import type { ServedCall } from './served-call.js';

/** Sends the one response of a handler and ends its call. A code other than OK drops the response. */
export function respondOnce(call: ServedCall, result: unknown): Promise<void> | undefined {
  if (isObservable(result)) return firstValue(call, result).then((response) => send(call, response));
  send(call, result);
  return undefined;
}

function send(call: ServedCall, response: unknown): void {
  call.raising = false;
  if (!call.active) return;
  const status = statusOnReturn(call);
  if (status.code === StatusCode.OK) {
    if (isAsyncIterable(response)) throw fault(call, 'The handler of one response produced a stream');
    call.send(response);
  }
  call.finish(status);
}

/** The first value of an Observable. Its producer runs to its end, as the handler meant it to. */
async function firstValue(call: ServedCall, source: Parameters<typeof observe>[1]): Promise<unknown> {
  const values: unknown[] = [];
  let dropped = 0;
  await observe(call, source, (value) => {
    if (values.length === 0) values.push(value);
    else dropped += 1;
  });
  if (values.length === 0) throw noResponse(call);
  if (dropped > 0)
    call.host.logger.warn(
      `${call.path}: the handler produced ${dropped + 1} responses and the call takes one; the first was sent`,
    );
  return values[0];
}
