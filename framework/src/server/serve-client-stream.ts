import { RequestStream } from '../streams/request-stream.js';
import { respondOnce } from './respond-once.js';
import type { Serve } from './serve-call.js';

/** A stream of requests, one response. */
export const serveClientStream: Serve = {
  argument: (call) => new RequestStream(() => call.reader.iterate()),
  respond: respondOnce,
};
