import { RequestStream } from '../streams/request-stream.js';
import { respondMany } from './respond-many.js';
import type { Serve } from './serve-call.js';

/** A stream of requests, a stream of responses. */
export const serveBidiStream: Serve = {
  argument: (call) => new RequestStream(() => call.reader.iterate()),
  respond: respondMany,
};
