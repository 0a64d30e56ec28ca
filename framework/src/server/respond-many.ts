import { isObservable } from 'rxjs';
import type { StatusError } from '../status/status-error.js';
import { isAsyncIterable, pump } from '../streams/pump.js';
import { fault } from './call-log.js';
import { observe } from './pipeline-result.js';
import { statusOnReturn } from './serve-call.js';
import type { ServedCall } from './served-call.js';

/** Sends what a handler of a response stream gave: an iterable, an Observable, or nothing when it wrote by itself. */
export async function respondMany(call: ServedCall, result: unknown): Promise<void> {
  if (isObservable(result)) await observe(call, result, (value) => respond(call, value));
  else {
    call.raising = false;
    if (isAsyncIterable(result)) await pumpFrom(call, result);
    else if (result !== undefined) throw notAStream(call, result);
  }
  call.finish(statusOnReturn(call));
}

/** One value of an Observable: a message, or a whole stream of them where nothing gates single messages. */
function respond(call: ServedCall, value: unknown): Promise<void> | undefined {
  if (isAsyncIterable(value)) return pumpFrom(call, value);
  if (value !== undefined) call.send(value);
  return undefined;
}

function pumpFrom(call: ServedCall, messages: AsyncIterable<unknown>): Promise<void> {
  const iterator = messages[Symbol.asyncIterator]();
  call.onStop(() => iterator.return?.());
  return pump(iterator, call);
}

function notAStream(call: ServedCall, result: unknown): StatusError {
  const cause = new TypeError(
    `the handler returned ${typeof result}; return an async iterable or an Observable, or write to the StreamContext`,
  );
  return fault(call, 'The handler produced no stream of responses', cause);
}
