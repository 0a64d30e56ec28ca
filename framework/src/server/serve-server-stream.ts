import { respondMany } from './respond-many.js';
import type { Serve } from './serve-call.js';

/** One request, a stream of responses. */
export const serveServerStream: Serve = { argument: (_call, request) => request, respond: respondMany };
