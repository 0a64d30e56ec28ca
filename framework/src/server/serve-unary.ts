import { respondOnce } from './respond-once.js';
import type { Serve } from './serve-call.js';

/** One request, one response. */
export const serveUnary: Serve = { argument: (_call, request) => request, respond: respondOnce };
